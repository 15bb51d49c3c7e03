"""`python -m adversarial_crypto` is `acrypto`."""

from adversarial_crypto.cli import main

if __name__ == "__main__":
    main()

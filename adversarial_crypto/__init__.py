"""acrypto: the reference laboratory for adversarial neural cryptography (for study only; it protects no data)."""

__version__ = "0.1.0"

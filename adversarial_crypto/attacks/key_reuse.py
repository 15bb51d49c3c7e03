"""One key for several messages: m known pairs, then a new ciphertext under that key. The one-time pad falls at m = 1.

Two attackers. A network that looks at every pair alone, adds up what it saw and then looks at the ciphertext (deep
sets, Zaheer et al. 2017), trained over many keys. And for each key a regression of its own from the known pairs: of
message bits on all elements, or of each on its own element alone, the pad's form; which of them, validation decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from adversarial_crypto.attacks.contract import Attack, Budget, Expected, Progress, Said, Table, Tier, Verdict
from adversarial_crypto.attacks.controls import DOSES, NEURAL_CONTROLS
from adversarial_crypto.attacks.judging import bits_verdict, skipped, wrong_bits
from adversarial_crypto.attacks.learning import ATTACKER, Learner, School, Task, encrypt_rows
from adversarial_crypto.ciphers import Cipher, draw
from adversarial_crypto.formulas.measures import cross_entropy
from adversarial_crypto.games import Secrets
from adversarial_crypto.networks import Build, Init
from adversarial_crypto.numerics.layers import Linear
from adversarial_crypto.numerics.philox import Address, Occasion, Stream, uniforms

NAME = "key_reuse"
LEAST = 16  # message bits: with few the known pairs are a codebook
KNOWN = (0, 1, 2, 4, 8, 16, 32, 64)  # pairs
MOST = KNOWN[-1]
ASKED = 8  # new ciphertexts under each key while learning
SCHOOLS: dict[Tier, School] = {
    "smoke": School(1, 100, 32, 0.001),  # of keys
    "standard": School(1, 3_000, 64, 0.001),
    "full": School(1, 30_000, 256, 0.001),
}
TESTED: dict[Tier, int] = {"smoke": 2**11, "standard": 2**13, "full": 2**15}  # keys, one new ciphertext each
WIDTH, RIDGE = 64, 0.1
BLOCK = 2**10  # keys at a time; the first block chooses and is not quoted
DEEP_SETS, WHOLE, ALONE = "deep sets", "on all elements", "element by element"


def run(cipher: Cipher, budget: Budget, seeds: Tensor) -> Iterator[Said]:
    """Trains the network on every m at once, then tests both attackers at each."""
    if cipher.message_bits < LEAST:
        why = f"below {LEAST} message bits the known pairs are a codebook of the message"
        yield from skipped(NAME, "reuse", cipher.replicas, why)
        return
    school, keys = SCHOOLS[budget.tier], TESTED[budget.tier]
    learner = Learner(_task(cipher, seeds), school, seeds, budget.engine)
    for share in learner.learn(budget.memory, DEEP_SETS):
        yield Progress(0.8 * share, "training on reused keys")
    found: dict[tuple[str, int], list[Tensor]] = {}
    counted: dict[int, list[Tensor]] = {pairs: [] for pairs in KNOWN}
    for step in range(1 + keys // BLOCK):
        drawn = draw(cipher, Address(seeds, step, 0, Occasion.TEST), BLOCK * (MOST + ASKED))
        message, ciphertext = _under_one_key(cipher, drawn, BLOCK)
        for pairs in KNOWN:
            counted[pairs].append((message[:, :, :pairs] != message[:, :, MOST, None]).any(-1).all(-1))
            for attacker, guess in _guesses(learner, message, ciphertext, pairs).items():
                found.setdefault((attacker, pairs), []).append(wrong_bits(guess, message[:, :, MOST]))
        yield Progress(0.8 + 0.2 * (step + 1) / (1 + keys // BLOCK), "testing on reused keys")
    yield from _verdicts(cipher, f"{school.words()} of {ASKED} ciphertexts each", _chosen(found), counted)


def _guesses(learner: Learner, message: Tensor, ciphertext: Tensor, pairs: int) -> dict[str, Tensor]:
    """Attacker -> what it says of the first new message of each key, (R, keys, N), knowing so many pairs."""
    known = torch.full(message.shape[:2], pairs, device=message.device)
    player = learner.layout.players(learner.state.weights[ATTACKER])[ATTACKER]
    with torch.no_grad():
        said = player(_inputs(message, ciphertext, known).to(learner.engine.device)).to(message.device)
    guesses = {DEEP_SETS: said[..., : message.shape[-1]]}
    if pairs:
        p, c = message[:, :, :pairs], ciphertext[:, :, :pairs]
        new = ciphertext[:, :, MOST]
        one = torch.ones_like(c[..., :1])
        x = torch.cat([c, one], -1)
        gram = x.mT @ x + RIDGE * torch.eye(x.shape[-1], device=x.device)
        weights = torch.linalg.solve(gram, x.mT @ p)  # (R, keys, C + 1, N)
        guesses[WHOLE] = (torch.cat([new, one[:, :, 0]], -1).unsqueeze(2) @ weights).squeeze(2)
        if p.shape[-1] == c.shape[-1]:
            guesses[ALONE] = (p * c).mean(2) * new
    return guesses


def _chosen(found: Mapping[tuple[str, int], Sequence[Tensor]]) -> dict[tuple[str, int], Tensor]:
    """The network, and of each key's own regressions the better one on the first block, which is then left out."""
    chosen = {}
    for pairs in KNOWN:
        chosen[DEEP_SETS, pairs] = torch.cat(list(found[DEEP_SETS, pairs][1:]), 1)
        rivals = [found[name, pairs] for name in (WHOLE, ALONE) if (name, pairs) in found]
        if rivals:
            means = torch.stack([rival[0].to(torch.float64).mean((1, 2)) for rival in rivals])
            tests = torch.stack([torch.cat(list(rival[1:]), 1) for rival in rivals])
            rows = torch.arange(means.shape[1], device=means.device)
            chosen["ridge", pairs] = tests[means.argmin(0), rows]
    return chosen


def _verdicts(
    cipher: Cipher, spent: str, wrong: Mapping[tuple[str, int], Tensor], counted: Mapping[int, Sequence[Tensor]]
) -> Iterator[Said]:
    rows: list[dict[str, float | int | str]] = []
    for (attacker, pairs), bits in wrong.items():
        fair = torch.cat(list(counted[pairs][1:]), 1)
        budget = f"{spent}, {fair.shape[1]:,} test keys" if attacker == DEEP_SETS else f"{fair.shape[1]:,} test keys"
        for replica in range(cipher.replicas):
            base = Verdict(NAME, "reuse", replica, None, "not_broken", "", budget=budget)
            name = f"bits_flipped by {attacker} with {pairs} known pair{'s' * (pairs != 1)}"
            verdict = bits_verdict(base, bits[replica][fair[replica]], name)
            numbers = {"bits_flipped": verdict.value, "low": verdict.low, "high": verdict.high}
            known = {name: number for name, number in numbers.items() if number is not None}
            rows.append({"attacker": attacker, "pairs": pairs, "replica": replica, **known})
            yield verdict
    yield Table("reuse", rows)


def _task(cipher: Cipher, seeds: Tensor) -> Task:
    """Inputs: MOST pairs of message and ciphertext, those that are not known zero; how many are; ASKED ciphertexts."""
    pair = cipher.message_bits + cipher.width

    def words(address: Address, batch: int) -> Secrets:
        drawn = draw(cipher, address, batch * (MOST + ASKED))
        return {**drawn, "choice": uniforms(address, Stream.CHOICE, batch)}  # (R, keys)

    def seen(drawn: Secrets) -> Secrets:
        choice = drawn["choice"]
        words = {name: word for name, word in drawn.items() if name != "choice"}
        message, ciphertext = _under_one_key(cipher, words, choice.shape[1])
        known = torch.tensor(KNOWN, device=choice.device)[(choice * len(KNOWN)).long()]
        return {
            "inputs": _inputs(message, ciphertext, known),
            "message": message[:, :, MOST:].flatten(2),
        }

    def objective(guess: Tensor, drawn: Secrets) -> Tensor:
        return cross_entropy(guess, drawn["message"]) / ASKED

    width = MOST * pair + 1 + ASKED * cipher.width
    return Task(words, seen, width, ASKED * cipher.message_bits, _network(cipher), objective)


def _under_one_key(cipher: Cipher, drawn: Secrets, keys: int) -> tuple[Tensor, Tensor]:
    """The words drawn for many messages, shared by so many keys: (R, keys, messages, N) and ciphertexts (..., C)."""
    size = keys, drawn["message"].shape[1] // keys
    words = {**drawn, "key": drawn["key"][:, :keys].repeat_interleave(size[1], 1)}
    return drawn["message"].unflatten(1, size), encrypt_rows(cipher, words).unflatten(1, size)


def _inputs(message: Tensor, ciphertext: Tensor, known: Tensor) -> Tensor:
    """What the network is shown of (R, keys, MOST + asked, N) and (..., C), `known` (R, keys) pairs: (R, keys, in)."""
    seen = (torch.arange(MOST, device=known.device) < known.unsqueeze(-1)).unsqueeze(-1)
    pairs = torch.cat([message[:, :, :MOST], ciphertext[:, :, :MOST]], -1) * seen
    share = known.unsqueeze(-1) / MOST
    return torch.cat([pairs.flatten(2), share, ciphertext[:, :, MOST:].flatten(2)], -1)


def _network(cipher: Cipher) -> Build:
    def build(in_width: int, out_width: int, init: Init) -> nn.Module:
        asked = out_width // cipher.message_bits
        return DeepSets(cipher.message_bits, cipher.width, asked, init)

    return build


class DeepSets(nn.Module):
    """relu layers on each pair alone, their sum over the known pairs, and relu layers on that and a new ciphertext.

    Where message and ciphertext are equally wide, a pair is shown with its product, element by element, which for a pad
    is the key; and the answer is also given element by element, as what the pairs say times the ciphertext.
    """

    def __init__(self, message_bits: int, width: int, asked: int, init: Init) -> None:
        super().__init__()
        self.bits, self.width, self.asked = message_bits, width, asked
        self.square = message_bits == width
        each = message_bits + width + (message_bits if self.square else 0)
        self.pair1 = Linear(each, WIDTH, init.at("pair1"))
        self.pair2 = Linear(WIDTH, 2 * WIDTH, init.at("pair2"))
        after = 2 * WIDTH + 1 + (message_bits if self.square else 0)
        self.after1 = Linear(after + width, 2 * WIDTH, init.at("after1"))
        self.after2 = Linear(2 * WIDTH, 2 * WIDTH, init.at("after2"))
        self.out = Linear(2 * WIDTH, message_bits, init.at("out"))
        if self.square:
            self.mask = Linear(after, message_bits, init.at("mask"))

    def forward(self, inputs: Tensor) -> Tensor:
        """(R, keys, in) -> (R, keys, asked N), log odds."""
        words, share, asked = inputs.split([MOST * (self.bits + self.width), 1, self.asked * self.width], -1)
        # Three axes throughout: of four, one of length 1, the compiler assumes another order in memory than there is.
        pairs = words.reshape(len(words), -1, self.bits + self.width)  # (R, keys MOST, N + C)
        shown = [pairs, pairs[..., : self.bits] * pairs[..., self.bits :]] if self.square else [pairs]
        columns = torch.cat(shown, -1).transpose(1, 2)  # (R, each, keys MOST)
        looked = torch.relu(self.pair2(torch.relu(self.pair1(columns)))).unflatten(2, (-1, MOST))
        known = pairs.abs().amax(-1).gt(0).to(inputs.dtype).unflatten(1, (-1, MOST)).unsqueeze(1)  # (R, 1, keys, MOST)
        count = known.sum(-1).clamp(min=1)
        state = [(looked * known).sum(-1) / count, share.transpose(1, 2)]  # (R, 2 WIDTH, keys)
        if self.square:
            state.append((shown[1].unflatten(1, (-1, MOST)).sum(2) / count.transpose(1, 2)).transpose(1, 2))
        summary = torch.cat(state, 1)
        answers = [self._answer(summary, ciphertext.transpose(1, 2)) for ciphertext in asked.split(self.width, -1)]
        return torch.cat(answers, 1).transpose(1, 2)

    def _answer(self, summary: Tensor, ciphertext: Tensor) -> Tensor:
        """(R, state, keys) and (R, C, keys) -> (R, N, keys)."""
        hidden = torch.relu(self.after1(torch.cat([summary, ciphertext], 1)))
        answer: Tensor = self.out(torch.relu(self.after2(hidden)))
        return answer + self.mask(summary) * ciphertext if self.square else answer


ATTACK = Attack(
    question="How much does a key tell once it is used again?",
    scope="reuse",
    tier="standard",
    run=run,
    controls=("one_time_pad", "random_permutation"),
    expected=Expected(
        broken=(
            "one_time_pad",
            "permuted_pad",
            "scaled_pad",
            *DOSES,
            "clear_bits(1)",
            "parity_leak(1)",
            "parity_leak(6)",
            "one_bit_key",
            "and_mask",
            "identity",
            "fixed_key",
            "low_bits_leak(0.0001)",
            "low_bits_leak(1e-06)",
        ),
        skipped=(),
        open=(
            *NEURAL_CONTROLS,
            "modular_pad",
        ),
    ),
    message_bits=16,
)

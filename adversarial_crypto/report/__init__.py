"""Floor 6: the report. One HTML page that needs nothing else, from tables and players.

    page([Path("runs/quick"), Path("results/sweeps")])      -> HTML, as text

`read` says what a folder holds (a run and its attacks, a sweep, a target of `reproduce`), `svg` turns its figures into
inline drawings that follow the page's colours, `players` and `forms` hand the trained networks to the playground, which
networks.js and playground.js compute in the browser. A kind of folder is added in `read.KINDS`, a network in
`forms.FORMS`. Nothing here imports torch, and every string is escaped on its way into the page.
"""

from adversarial_crypto.report.page import page

__all__ = ["page"]

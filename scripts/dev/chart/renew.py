"""Writes the committed renderings anew: `./dev generate chart`."""

from rendering import INFLATED, ROOT, inflated

for path, values in INFLATED.items():
    path.write_text(inflated(values))
    print(path.relative_to(ROOT))

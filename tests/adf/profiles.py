"""How many cases the properties try: few by default, more where the environment says so."""

import os

from hypothesis import HealthCheck, Phase, settings


def cases(number: int) -> settings:
    """Settings for this many cases, times `TELAMON_ADF_CASES` (a factor, 1 by default)."""
    factor = float(os.environ.get("TELAMON_ADF_CASES", "1"))
    return settings(
        max_examples=max(1, int(number * factor)),
        deadline=None,
        database=None,
        derandomize=factor == 1,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )

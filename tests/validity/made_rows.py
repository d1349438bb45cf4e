"""Raw rows as a study's cells hold them, made by hand."""

import numpy as np
import pandas as pd

from gausslab.validity.running import COLUMNS


def made(law, values, errors=1.0, p_values=0.5, statistic="debiased", estimator="moment_kl", units=4, samples=100):
    rows = pd.DataFrame({"value": values, "standard_error": errors, "p_value": p_values})
    rows["replicate"] = np.arange(len(rows))
    named = {"law": law, "n_samples": samples, "n_units": units, "estimator": estimator, "statistic": statistic}
    return rows.assign(**named)[list(COLUMNS)]

"""How Gaussian a code is, while it streams by: metrics for `torchmetrics`, over batches, epochs and processes.

    metric = MomentMetric(units=16)
    for batch in batches:
        metric.update(encoder(batch))        # samples x units
    metric.compute()["debiased"]             # nats; over torch.distributed, of the samples of all processes

What they keep is sufficient for what they compute and merges exactly, in double precision: the result does not depend
on how samples were cut into batches and processes. What needs all samples at once has `ReservoirMetric`, which keeps a
fair sample of the stream for `measure`.

    moments   mean, covariance, KL of both      radial     radii against chi(d)
    sliced    Epps-Pulley along directions      reservoir  a sample for everything else
"""

from gausslab.metrics.moments import MomentMetric
from gausslab.metrics.radial import RadialMetric
from gausslab.metrics.reservoir import ReservoirMetric
from gausslab.metrics.sliced import SlicedEppsPulleyMetric

__all__ = ["MomentMetric", "RadialMetric", "ReservoirMetric", "SlicedEppsPulleyMetric"]

"""One run."""

from dataclasses import dataclass, field

from gausslab.config.checks import require, whole
from gausslab.config.data import DataConfig
from gausslab.config.model import ModelConfig
from gausslab.config.objective import ObjectiveConfig
from gausslab.config.training import TrainingConfig
from gausslab.errors import ConfigError
from gausslab.serialisation import digest


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """One run: data, network, loss, optimisation and the root seed of all its randomness."""

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    seed: int = 0

    def __post_init__(self) -> None:
        require(whole(self.seed, 0), "seed", self.seed, "a whole number of at least 0")
        self._require_enough_neighbours()
        self._require_fitting_network()

    def _require_enough_neighbours(self) -> None:
        neighbours, batch = self.objective.neighbours, self.training.batch
        if self.objective.has("entropy") and neighbours >= batch:
            raise ConfigError(f"neighbours must be below batch ({batch}), got {neighbours}")

    def _require_fitting_network(self) -> None:
        """The objective and the network must be made for each other."""
        objective, model = self.objective, self.model
        if (objective.name == "classifier") != (model.kind == "classifier"):
            raise ConfigError(
                f"objective 'classifier' and kind 'classifier' go together, got objective {objective.name!r} "
                f"and kind {model.kind!r}"
            )
        if objective.has("kl") == (model.posterior == "none"):
            wanted = "'learned' or 'constant'" if objective.has("kl") else "'none'"
            raise ConfigError(f"posterior must be {wanted} for objective {objective.name!r}, got {model.posterior!r}")
        if (objective.error == "likelihood") != model.learned_error_sd:
            raise ConfigError(
                f"error 'likelihood' and learned_error_sd go together, got error {objective.error!r} "
                f"and learned_error_sd {model.learned_error_sd}"
            )
        if objective.entropy_map is not None and objective.entropy_map > model.width:
            raise ConfigError(f"entropy_map must be at most width ({model.width}), got {objective.entropy_map}")

    @property
    def digest(self) -> str:
        """Eight hex digits that change with any field that differs from its default.

        Defaults are left out, so that a field added later does not rename the runs that never used it.
        """
        return digest(self)

    @property
    def run_name(self) -> str:
        """Readable and unique: data, objective, width, channels, depth, seed and digest."""
        m = self.model
        return f"{self.data.name}-{self.objective.label}-w{m.width}-c{m.channels}-d{m.depth}-s{self.seed}-{self.digest}"

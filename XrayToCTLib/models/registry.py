"""Registry: the models that are there, bundled with the library and installed by the user."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import XrayToCTError
from ..user_folder import user_folder
from .bundle import Bundle, load_bundle
from .card import CARD_FILE, ModelCard, model_name

MODELS_ENVIRONMENT = "XRAYTOCT_MODELS"
# What a user gets who chooses nothing.
DEFAULT_MODEL = "physics-cyclegan-chest-ct"
_BUNDLED = Path(__file__).resolve().parent.parent / "Resources" / "Models"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a look into the model folders found.

    Attributes:
        bundles: bundled models first, then the user's; by id, the newest version of an id first, and each followed by
            its variants.
        problems: folder -> why it is no model that can be used.
    """

    bundles: tuple[Bundle, ...]
    problems: dict[Path, XrayToCTError]

    @property
    def default(self) -> Bundle | None:
        """The flagship, else the first chest model, else the first of all; None when there is none."""

        def distance(bundle: Bundle) -> tuple[bool, bool]:
            return bundle.card.id != DEFAULT_MODEL, bundle.card.anatomy.lower() != "chest"

        return min(self.bundles, key=distance, default=None)

    @property
    def cards(self) -> list[ModelCard]:
        """The card of each bundle, the default's first."""
        default = self.default
        return [bundle.card for bundle in sorted(self.bundles, key=lambda bundle: bundle is not default)]


def bundled_models_folder() -> Path:
    """Where the models that come with the library lie."""
    return _BUNDLED


def user_models_folder() -> Path:
    """Where the user's own models lie: $XRAYTOCT_MODELS, else the platform's data folder. It need not exist."""
    return user_folder("Models", MODELS_ENVIRONMENT)


def catalogue() -> Catalogue:
    """Look into both model folders. A broken bundle is a problem of its own, never the end of the others."""
    bundles: list[Bundle] = []
    problems: dict[Path, XrayToCTError] = {}
    names: set[str] = set()
    for root in (bundled_models_folder(), user_models_folder()):
        found = []
        for folder in _candidates(root):
            try:
                found.append(load_bundle(folder))
            except XrayToCTError as error:
                problems[folder] = error
        found.sort(key=lambda bundle: _version_key(bundle.card.version), reverse=True)
        found.sort(key=lambda bundle: bundle.card.id)
        for bundle in found:
            if bundle.card.name in names:
                problems[bundle.folder] = XrayToCTError(
                    f"{bundle.folder} is a second model called {bundle.card.name}; the first is used.",
                    hint="Remove one of them, or give it another version.",
                )
            else:
                names.add(bundle.card.name)
                bundles += [bundle, *(bundle.of_variant(name) for name in bundle.card.variants)]
    return Catalogue(tuple(bundles), problems)


def models() -> list[ModelCard]:
    """The cards of all usable models, the default first. Broken bundles are logged as warnings and skipped."""
    seen = catalogue()
    for problem in seen.problems.values():
        _logger.warning("Skipped a model: %s", problem)
    return seen.cards


def find_model(model: str | Path | ModelCard | None = None) -> Bundle:
    """One model.

    Args:
        model: None for the default (the flagship, else the first chest model); "id" for its newest version;
            "id@version"; either with ":variant" after it; a card; or a path to the folder of a bundle or of a variant.

    Raises:
        XrayToCTError: there is no such model (the message lists those that there are), or its bundle is broken.
    """
    if isinstance(model, Path):
        return load_bundle(model)
    seen = catalogue()
    if isinstance(model, ModelCard):
        model = model.name
    if model is None:
        if seen.default is None:
            raise XrayToCTError("There is no model.", hint=_what_there_is(seen))
        return seen.default
    for bundle in seen.bundles:
        if model in (model_name(bundle.card.id, variant=bundle.card.variant), bundle.card.name):
            return bundle
    if Path(model).expanduser().is_dir():
        return load_bundle(model)
    wanted = model.partition("@")[0].partition(":")[0]
    for folder, problem in seen.problems.items():
        if folder.name == wanted:
            raise problem  # it is there but broken: say why instead of "unknown"
    raise XrayToCTError(f"There is no model {model!r}.", hint=_what_there_is(seen))


def _candidates(root: Path) -> Iterable[Path]:
    try:
        folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:  # the user's folder need not exist, nor be readable
        return ()
    return (folder for folder in folders if (folder / CARD_FILE).exists() or any(folder.glob("*.safetensors")))


def _version_key(version: str) -> tuple[tuple[int, ...], bool, str]:
    """Order of versions: 0.10.0 after 0.9.0, and a release after its release candidates."""
    numbers, dash, rest = version.partition("-")
    return tuple(int(part) if part.isdigit() else 0 for part in numbers.split(".")), not dash, rest


def _what_there_is(seen: Catalogue) -> str:
    names = ", ".join(bundle.card.name for bundle in seen.bundles)
    broken = "".join(f" {folder.name} is there but cannot be used: {e.message}" for folder, e in seen.problems.items())
    if names:
        return f"Choose one of: {names}.{broken}"
    return f"Put a model's folder into {user_models_folder()} or set {MODELS_ENVIRONMENT}.{broken}"

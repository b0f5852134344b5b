"""Trust verbs: how far a stack is to be believed."""

from __future__ import annotations

from typing import Any

from .dependencies import ensureDependencies
from .trust_run import startTrustCheck


class TrustVerbs:
    """Mixed into XrayToCTLogic."""

    def checkTrust(
        self,
        stackVolume: Any,
        *,
        radiographVolume: Any = None,
        model: Any = None,
        device: str = "auto",
        perturb: bool = True,
        polarity: str = "auto",
        view: str = "auto",
        enhance: str = "",
        wait: bool = True,
        progress: Any = None,
    ) -> Any:
        """Checks a stack against the radiograph it was made from; also adds its maps as volumes over the stack.

        Args:
            stackVolume: volume node of a stack.
            radiographVolume: None takes the one that the stack was made from.
            model: None takes the one that the stack names.
            device: as for ``translate``.
            perturb: also translate slightly moved copies of the radiograph, for the unsteadiness.
            polarity, view, enhance: as they were for ``translate``.
            wait, progress: as for ``translate``.

        Returns:
            XrayToCTLib.TrustReport. With wait=False a Run, as ``translate``.
        """
        ensureDependencies()
        run = startTrustCheck(
            stackVolume,
            radiographVolume,
            model=model,
            device=device,
            perturb=perturb,
            polarity=polarity,
            view=view,
            enhance=enhance,
        ).reportTo(progress)
        return run.result() if wait else run

"""Settings of the networks and of what they learn; plain dataclasses that the run's YAML fills."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

FamilyName = Literal["physics-cyclegan", "cyclegan", "pix2pix", "cnn", "distillation"]


@dataclass(frozen=True)
class NetworkSettings:
    """A network by its name in ``XrayToCTLib.networks.architectures`` and its parameters, as a model card has them.

    The generator's number of outputs must be that of the slabs in the run's ``field``.
    """

    name: str = "unet-slabs"
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LossWeights:
    """Weight of each term of the generators' loss; a term of weight zero is not computed.

    On HU / 1000 and normalised line integrals:
        l1, gradient, ms_ssim: stack against its simulated partner: values, differences of neighbours, 1 - MS-SSIM
            (Wang et al., Asilomar 2003).
        projection: line integrals of the stack against those of its partner.
        cycle: radiograph -> stack -> radiograph. cycle_ct: stack -> radiograph -> stack.
        identity: what is already in a network's output domain comes out unchanged.
        adversarial: least squares (Mao et al., ICCV 2017).
        distillation: stack against the teacher's, of simulated and real radiographs.
    """

    l1: float = 1.0
    gradient: float = 0.0
    ms_ssim: float = 0.0
    projection: float = 0.0
    cycle: float = 0.0
    cycle_ct: float = 0.0
    identity: float = 0.0
    adversarial: float = 0.0
    distillation: float = 0.0


@dataclass(frozen=True)
class OptimiserSettings:
    """One optimiser and the course of its learning rate.

    ``schedule``: cosine to ``floor`` (a share of the rate), constant, or linear: constant until ``decay_from`` (a share
    of the run), then straight down to zero as CycleGAN does. ``warm_up_steps``: rising to it from nothing.
    """

    name: Literal["adamw", "adam"] = "adamw"
    learning_rate: float = 8e-4
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-4
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    decay_from: float = 0.5
    floor: float = 0.02
    warm_up_steps: int = 200


def _discriminator_optimiser() -> OptimiserSettings:
    return OptimiserSettings("adam", 2e-4, (0.5, 0.999), 0.0, "constant", warm_up_steps=0)


@dataclass(frozen=True)
class DiscriminatorSettings:
    """PatchGAN discriminators and what keeps them from learning a handful of patients by heart.

    Attributes:
        stack_filters, image_filters: width of the one for stacks and of the one for radiographs.
        layers: stride-2 convolutions; 3 give the classic 70-pixel patch.
        spectral_norm: Miyato et al., ICLR 2018.
        r1: weight of the gradient penalty on real data (Mescheder et al., ICML 2018), 0 = none.
        augment: shifts and cut-outs of all that they see (DiffAugment, Zhao et al., NeurIPS 2020).
        pool: images kept from earlier steps (Shrivastava et al., CVPR 2017), 0 = none.
    """

    stack_filters: int = 32
    image_filters: int = 16
    layers: int = 3
    spectral_norm: bool = True
    r1: float = 0.0
    augment: bool = True
    pool: int = 50
    optimiser: OptimiserSettings = field(default_factory=_discriminator_optimiser)


@dataclass(frozen=True)
class FamilySettings:
    """One family of models, see ``families/table.py``.

    Attributes:
        back: the second generator of ``cyclegan``, stack -> radiograph; without it one like the first.
        teacher: of ``distillation``: the folder of a run or of a bundle; on the same grid, with the same slabs.
        gan_from: share of the run after which everything unpaired or adversarial joins; above 1 never.
        radiographs: real radiographs in a step, in all processes together; divides the batch.
        gradient_slabs: slabs, drawn anew each step, that the gradient and MS-SSIM terms look at.
        average: decay of the moving average of the generator's weights.
        clip: greatest norm of the generators' gradient, 0 = not clipped.
    """

    name: FamilyName = "physics-cyclegan"
    weights: LossWeights = field(default_factory=LossWeights)
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    discriminator: DiscriminatorSettings = field(default_factory=DiscriminatorSettings)
    back: NetworkSettings | None = None
    teacher: Path | None = None
    gan_from: float = 0.7
    radiographs: int = 2
    gradient_slabs: int = 4
    average: float = 0.999
    clip: float = 1.0

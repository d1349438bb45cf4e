"""Latents with their graph: at the normalised point, of the layers asked for, and gone afterwards."""

import pytest
import torch
from adversarial.made_networks import conv, pictures
from torch import nn

from gausslab.adversarial.latents import watched
from gausslab.errors import CaptureError


def test_batch_norm_is_read_before_scale_and_shift():
    net, images = conv().eval(), pictures(3)
    nn.init.constant_(net.norm.weight, 0)  # the affine map cannot be inverted
    with watched(net, "**") as watch:
        logits, latents = watch(images)
    hidden = net.conv(images)
    mean, var = (moment[:, None, None] for moment in (net.norm.running_mean, net.norm.running_var))
    torch.testing.assert_close(latents[0], ((hidden - mean) / (var + net.norm.eps).sqrt()).flatten(1))
    assert latents[1].shape == (3, 12)
    assert torch.equal(logits, net(images))


def test_layer_norm_is_read_with_its_inputs_own_statistics():
    net, images = conv(norm=nn.LayerNorm).eval(), pictures(3)
    with watched(net, "bottleneck") as watch:
        (latent,) = watch(images)[1]
    torch.testing.assert_close(latent.mean(1), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(latent.norm(dim=1), torch.full((3,), 12**0.5), rtol=1e-2, atol=0)  # eps beside variances


def test_any_other_layer_is_read_at_its_output_before_others_change_it():
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.ReLU(inplace=True))
    images = pictures(4)
    with watched(net, "1") as watch:
        (latent,) = watch(images)[1]
    torch.testing.assert_close(latent, net[1](images.flatten(1)))
    assert latent.min() < 0


def test_gradients_agree_with_finite_differences():
    net, images = conv().double().eval(), pictures(1).double().requires_grad_()
    with watched(net, ["norm", "bottleneck"]) as watch:
        assert torch.autograd.gradcheck(lambda x: tuple(watch(x)[1]), images, fast_mode=True)


def test_a_layer_that_runs_twice_gives_two_latents():
    layer = nn.Linear(64, 64)
    with watched(nn.Sequential(nn.Flatten(), layer, nn.ReLU(), layer), "1") as watch:
        assert len(watch(pictures(2))[1]) == 2
        assert len(watch(pictures(2))[1]) == 2


def test_hooks_are_gone_afterwards():
    net = conv()
    with pytest.raises(KeyError), watched(net, "**"):
        raise KeyError
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.idle = nn.LSTM(8, 2), nn.Linear(2, 2)
        self.blind = nn.BatchNorm1d(2, track_running_stats=False)

    def forward(self, images):
        return self.lstm(images.squeeze(1))[0][:, 0]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("lstm", "layer 'lstm' gives a tuple, expected one tensor"),
        ("idle", "layer 'idle' never ran in the forward pass"),
        ("blind", "layer 'blind' keeps no running statistics"),
        ("lsmt", "did you mean 'lstm'"),
        ([], "layers names no layer"),
    ],
)
def test_refusals(layers, message):
    with pytest.raises(CaptureError, match=message), watched(Pair(), layers) as watch:
        watch(pictures(2))


def test_a_network_without_batch_norm_says_what_it_has():
    with (
        pytest.raises(CaptureError, match=r"layers '\*\*' of Sequential matches only Flatten, Linear"),
        watched(nn.Sequential(nn.Flatten(), nn.Linear(64, 2)), "**"),
    ):
        pass

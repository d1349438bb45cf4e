"""Attacks judged afresh, under guards: with attacks made up here, foolbox or not."""

import math

import pytest
import torch
from adversarial.made_networks import conv, linear, pictures, said
from torch import nn

from gausslab.adversarial.outcomes import attacked, joined, margins
from gausslab.errors import EstimatorError, GausslabError

IMAGES = torch.tensor([[0.8, 0.5], [0.6, 0.5], [0.2, 0.5], [0.3, 0.5]])
NET = linear([1.0, 0.0], -0.5)  # class 1 where the first pixel is above 1/2
TRUE = torch.tensor([1, 1, 0, 1])  # the network has the last one wrong


def judged(attack, images=IMAGES, labels=TRUE, **options):
    return attacked(NET, images, labels, attack, seed=0, name="test", **options)


def test_blank_results_are_dropped_and_counted():
    """C&W gives black images where it fails; here black is of class 0, so that they would count as successes."""
    batch = judged(torch.zeros_like)
    assert batch.empty_count == 4
    assert not batch.success.any()
    assert batch.success_rate == 0
    assert torch.equal(batch.adversarial, IMAGES)
    assert batch.d_l2.isnan().all()
    assert batch.d_linf.isnan().all()


def test_a_black_image_left_alone_is_not_blank():
    assert judged(lambda x: x, torch.zeros(1, 2), torch.tensor([0])).empty_count == 0


def test_what_is_not_finite_is_dropped():
    assert judged(lambda x: x * math.nan).empty.tolist() == [True] * 4


def test_success_distances_and_margins_by_hand():
    batch = judged(lambda x: x + torch.tensor([-0.2, 0.1]))
    assert batch.attempted.tolist() == [True, True, True, False]
    assert batch.success.tolist() == [False, True, False, False]
    assert batch.success_rate == pytest.approx(1 / 3)
    torch.testing.assert_close(batch.d_l2, torch.full((4,), math.hypot(0.2, 0.1)))
    torch.testing.assert_close(batch.d_linf, torch.full((4,), 0.2))
    torch.testing.assert_close(batch.margin, torch.tensor([0.1, -0.1, 0.5, -0.4]))
    torch.testing.assert_close(batch.max_softmax[0], torch.tensor(1 / (1 + math.exp(-0.1))))
    assert batch.minimal_norms.isnan().tolist() == [True, False, True, True]


def test_results_are_cut_to_the_unit_interval_before_they_are_judged():
    batch = judged(lambda x: x * 5 - 3.5)
    assert batch.adversarial.min() >= 0
    torch.testing.assert_close(batch.d_linf[0], torch.tensor(0.5))


def test_targets_must_be_reached():
    batch = judged(lambda x: 1 - x, targets=torch.tensor([0, 1, 1, 0]))
    assert batch.success.tolist() == [True, False, True, False]


def test_without_labels_the_change_of_the_prediction_is_the_success():
    batch = judged(lambda x: 1 - x, labels=None)
    assert batch.attempted.all()
    assert batch.success.all()
    torch.testing.assert_close(batch.margin, -(IMAGES[:, 0] - 0.5).abs())


def test_means_are_of_the_successful_pairs_with_their_rate():
    batch = judged(lambda x: x + torch.tensor([-0.2, 0.1]))
    means = batch.paired_means(IMAGES[:, 0], batch.adversarial[:, 0])
    assert (means.pairs, means.attempted, means.success_rate) == (1, 3, pytest.approx(1 / 3))
    assert means.clean_mean == pytest.approx(0.6)
    assert means.adversarial_mean == pytest.approx(0.4)
    with pytest.raises(EstimatorError, match=r"one value for each of 4 images, got \(3,\)"):
        batch.paired_means(IMAGES[:3, 0], IMAGES[:3, 0])


def test_no_success_has_no_means():
    assert math.isnan(judged(lambda x: x).paired_means(IMAGES[:, 0], IMAGES[:, 0]).clean_mean)


def test_margins_against_a_loop():
    logits = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    classes = torch.tensor([0, 1, 2, 3, 0, 1])
    by_hand = [row[c] - max(v for k, v in enumerate(row) if k != c) for row, c in zip(logits, classes, strict=True)]
    torch.testing.assert_close(margins(logits, classes), torch.stack(by_hand))


def test_a_model_in_training_mode_is_as_it_was():
    net, images = conv(), pictures(5)
    net.norm.eval()
    net.head.bias.requires_grad_(False)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    modes = [module.training for module in net.modules()]
    seen = []

    def attack(clean):
        seen.append(any(module.training for module in net.modules()))
        moving = clean.requires_grad_()
        net(moving).sum().backward()
        return clean.detach() + 0.1 * moving.grad.sign()

    attacked(net, images, None, attack, seed=0, name="test")
    assert seen == [False]
    assert [module.training for module in net.modules()] == modes
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())
    assert [name for name, parameter in net.named_parameters() if not parameter.requires_grad] == ["head.bias"]


def test_a_failed_attack_leaves_the_model_too():
    net = conv()

    def attack(clean):
        raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        attacked(net, pictures(2), None, attack, seed=0, name="test")
    assert all(module.training for module in net.modules())
    assert all(parameter.requires_grad for parameter in net.parameters())


class AlwaysTraining(nn.Module):
    """Evaluation mode does not reach its batch norm."""

    def __init__(self):
        super().__init__()
        self.inner = conv()

    def forward(self, images):
        return self.inner.train()(images)


def test_statistics_that_change_in_evaluation_mode_are_told_and_put_back():
    net = AlwaysTraining()
    before = net.inner.norm.running_mean.clone()
    with pytest.raises(GausslabError, match=r"running statistics of layer 'inner\.norm' changed during the attack"):
        attacked(net, pictures(4), None, lambda x: x, seed=0, name="test")
    assert torch.equal(net.inner.norm.running_mean, before)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_gradients_are_on_wherever_it_is_called(context):
    net = conv()

    def attack(clean):
        moving = clean.clone().requires_grad_()
        return clean + torch.autograd.grad(net(moving).sum(), moving)[0]

    with context():
        batch = attacked(net, pictures(3), torch.zeros(3, dtype=torch.long), attack, seed=0, name="test")
    assert (batch.d_l2 > 0).all()


def test_global_randomness_is_seeded_inside_and_left_alone():
    state = torch.get_rng_state()
    first, second = (judged(lambda x: (x + 0.1 * torch.randn(x.shape)).clamp(0, 1)).adversarial for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)


def test_joined_batches_are_in_order():
    both = joined([judged(lambda x: x), judged(torch.zeros_like)])
    assert both.empty.tolist() == [False] * 4 + [True] * 4
    assert both.labels.tolist() == TRUE.tolist() * 2
    assert joined([judged(lambda x: x, labels=None)] * 2).labels is None


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (
            IMAGES * 2 - 1,
            TRUE,
            r"images must lie in \[0, 1\], with any normalisation inside the model, got -0.6 to 0.6",
        ),
        (IMAGES * math.nan, TRUE, r"images must lie in \[0, 1\]"),
        (IMAGES[:0], TRUE[:0], "at least one"),
        (IMAGES, TRUE[:3], r"one label for each of 4 images, got \(3,\)"),
        (IMAGES, TRUE + 1, "labels must be from 0 to 1, the classes of the model"),
    ],
)
def test_refusals(unchecked, images, labels, message):
    with pytest.raises(EstimatorError, match=message):
        judged(lambda x: x, images, labels)


def test_a_model_without_logits_is_refused():
    with pytest.raises(EstimatorError, match=r"model must give logits, 4 x at least 2 classes, got \(4, 1\)"):
        attacked(nn.Linear(2, 1), IMAGES, None, lambda x: x, seed=0, name="test")


def test_an_attack_that_changes_the_shape_is_refused():
    with pytest.raises(EstimatorError, match=r"attack gave images of shape \(3, 2\), expected \(4, 2\)"):
        judged(lambda x: x[1:])


def test_the_network_has_the_classes_that_the_made_data_say():
    assert said(NET, IMAGES).tolist() == [1, 1, 0, 0]

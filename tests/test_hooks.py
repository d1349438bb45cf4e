"""Capture: what is recorded, what is refused, and that nothing is left behind."""

import warnings

import pytest
import torch
from torch import nn

from gausslab.errors import CaptureError
from gausslab.hooks import capture, list_layers
from gausslab.layers import usual_kind


class Net(nn.Module):
    """Conv, batch norm with a scale of 0 in places, in-place ReLU, code batch norm without affine map."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.bn = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(4 * 36, 3)
        self.code = nn.BatchNorm1d(3, affine=False)

    def forward(self, x):
        return self.code(self.fc(self.relu(self.bn(self.conv(x))).flatten(1)))


@pytest.fixture
def net():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = Net()
        for norm in (net.bn, net.code):
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2.0)
        with torch.no_grad():
            net.bn.weight.copy_(torch.tensor([0.0, -1.0, 2.0, 0.5]))
            net.bn.bias.fill_(3.0)
    return net


@pytest.fixture
def images():
    return torch.rand(30, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def inputs_of(net, name, images):
    """The layer's input as a plain hook sees it, in eval mode."""
    seen = []
    handle = net.get_submodule(name).register_forward_pre_hook(lambda _m, args: seen.append(args[0].detach().clone()))
    mode = net.training
    net.eval()(images)
    net.train(mode)
    handle.remove()
    return seen[0].double()


def standardised(norm, x):
    shape = (1, -1) + (1,) * (x.ndim - 2)
    mean, variance = norm.running_mean.double().view(shape), norm.running_var.double().view(shape)
    return (x - mean) / (variance + norm.eps).sqrt()


def state(net):
    return {name: value.clone() for name, value in net.state_dict().items()}


def unchanged(net, before):
    return all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def hooks_left(net):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in net.modules())


def test_normalized_is_the_standardised_input_though_the_scale_is_0(net, images):
    with capture(net, spatial="flatten") as activations:
        net(images)
    expected = standardised(net.bn, inputs_of(net, "bn", images)).flatten(1)
    # float32 arithmetic on values of size 1
    torch.testing.assert_close(activations["bn"].samples, expected.float(), rtol=1e-5, atol=1e-5)
    code = standardised(net.code, inputs_of(net, "code", images))
    torch.testing.assert_close(activations["code"].samples, code.float(), rtol=1e-5, atol=1e-5)
    assert list(activations) == ["bn", "code"]


def test_an_in_place_relu_after_the_layer_does_not_reach_the_capture(net, images):
    """Acceptance test 4."""
    nn.init.zeros_(net.bn.bias)
    for point in ("normalized", "post"):
        with capture(net, "bn", point=point, spatial="flatten") as activations:
            net(images)
        assert activations["bn"].samples.min() < 0


def test_a_layer_that_works_in_place_is_read_before_it_does(images):
    net = nn.Sequential(nn.BatchNorm2d(1), nn.ReLU(inplace=True))
    with capture(net, "1", kinds="all", point="pre", spatial="flatten") as activations:
        net(images - images.mean())
    assert activations["1"].samples.min() < 0


@pytest.mark.parametrize("point", ["pre", "post"])
def test_input_and_output_are_what_a_plain_hook_sees(net, images, point):
    with capture(net, "code", point=point) as activations:
        out = net(images)
    expected = out if point == "post" else inputs_of(net, "code", images).float()
    torch.testing.assert_close(activations["code"].samples, expected.detach(), rtol=1e-6, atol=1e-6)
    assert not activations["code"].samples.requires_grad


def test_sample_reads_one_real_position_of_each_map(net, images):
    with capture(net, "bn") as activations:
        net(images)
    maps = standardised(net.bn, inputs_of(net, "bn", images)).float().flatten(2)
    gaps = (maps - activations["bn"].samples.unsqueeze(2)).abs().amax(1)
    assert gaps.amin(1).max() < 1e-5
    assert len(set(gaps.argmin(1).tolist())) > 10  # 36 positions, 30 images: many different ones


def test_pool_is_the_mean_over_positions(net, images):
    with capture(net, "bn", spatial="pool") as activations:
        net(images)
    expected = standardised(net.bn, inputs_of(net, "bn", images)).mean((2, 3)).float()
    torch.testing.assert_close(activations["bn"].samples, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("offset", [0.0, 1000.0])  # beyond 32 standard deviations the slower, exact way is taken
def test_radii_are_the_rms_over_the_map(net, images, offset):
    net.bn.running_mean += offset
    with torch.no_grad():
        net.conv.bias += offset
    with capture(net, "bn") as activations:
        net(images)
    maps = standardised(net.bn, inputs_of(net, "bn", images))
    expected = maps.square().sum(1).mean((1, 2)).sqrt()
    # float32 inputs of size `offset` carry its rounding
    torch.testing.assert_close(activations["bn"].radii, expected, rtol=1e-5 + offset * 1e-6, atol=0)


def test_radii_of_vectors_are_their_norms(net, images):
    with capture(net, "code") as activations:
        net(images)
    layer = activations["code"]
    torch.testing.assert_close(layer.radii, layer.samples.double().norm(dim=1), rtol=1e-6, atol=0)
    assert layer.spatial == "none" and layer.units == 3 and layer.n_seen == 30


@pytest.mark.parametrize("store", ["vectors", "moments"])
def test_moments_are_of_everything_seen_whatever_the_batches(net, images, store):
    many = images.repeat(50, 1, 1, 1) + torch.arange(50).repeat_interleave(30).view(-1, 1, 1, 1) / 50
    with capture(net, "code", store=store, limit=10) as activations:
        for batch in many.split(70):
            net(batch)
    rows = standardised(net.code, inputs_of(net, "code", many))
    layer = activations["code"]
    assert layer.n_seen == len(layer.radii) == 1500
    # rows are float32
    torch.testing.assert_close(layer.mean, rows.mean(0), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(layer.covariance, rows.T.cov(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(layer.variance, rows.var(0), rtol=1e-4, atol=1e-5)


def test_moments_store_keeps_no_vectors(net, images):
    with capture(net, store="moments") as activations:
        net(images)
    with pytest.raises(CaptureError, match=r"layer 'bn' has no samples: captured with store='moments'"):
        _ = activations["bn"].samples


def test_kept_rows_of_all_layers_come_from_the_same_images(images):
    net = nn.Sequential(nn.BatchNorm1d(2), nn.BatchNorm1d(2)).eval()
    rows = torch.arange(5000.0).unsqueeze(1).expand(-1, 2)
    with capture(net, point="post", limit=100) as activations:
        for batch in rows.split(333):
            net(batch)
    first, second = activations["0"], activations["1"]
    assert torch.equal(first.images, second.images) and len(first.images) == 100
    torch.testing.assert_close(first.samples[:, 0], first.images.float(), rtol=1e-4, atol=0)
    torch.testing.assert_close(second.samples[:, 0], second.images.float(), rtol=1e-4, atol=0)
    assert first.sample_radii.shape == (100,)


def test_the_global_generator_is_not_used_and_the_seed_decides(net, images):
    def samples(seed):
        with capture(net, "bn", seed=seed, limit=10) as activations:
            net(images)
        return activations["bn"].samples

    before = torch.get_rng_state()
    assert torch.equal(samples(0), samples(0)) and not torch.equal(samples(0), samples(1))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("statistics", ["running", "batch", "recalibrated"])
def test_buffers_modes_and_hooks_are_as_before(net, images, statistics):
    """Acceptance test 5."""
    net.train()
    net.conv.eval()
    before = state(net)
    with capture(net, statistics=statistics):
        net(images)
        net(images)
    assert unchanged(net, before) and hooks_left(net) == 0
    assert net.training and net.bn.training and not net.conv.training


def test_buffers_modes_and_hooks_are_as_before_after_an_exception(net, images):
    before = state(net.train())
    with pytest.raises(ZeroDivisionError), capture(net, statistics="batch"):
        net(images)
        raise ZeroDivisionError
    assert unchanged(net, before) and hooks_left(net) == 0 and net.training


def test_buffers_are_as_before_though_the_user_trains_inside(net, images):
    before = state(net)
    with capture(net):
        net.train()(images)
    assert unchanged(net, before)


def test_batch_statistics_are_the_batchs_own(net, images):
    with capture(net, statistics="batch", spatial="flatten") as activations:
        net(images)
    maps = activations["bn"].samples.unflatten(1, (4, 36))
    torch.testing.assert_close(maps.mean((0, 2)), torch.zeros(4), rtol=0, atol=1e-5)
    torch.testing.assert_close(maps.var((0, 2), correction=0), torch.ones(4), rtol=1e-2, atol=0)  # eps in the divisor


def test_recalibrated_is_standardised_over_everything_captured(net, images):
    with capture(net, statistics="recalibrated", spatial="flatten") as activations:
        for batch in images.split(7):
            net(batch)
    x = inputs_of(net, "bn", images)
    variance, mean = torch.var_mean(x, (0, 2, 3), correction=0, keepdim=True)
    expected = ((x - mean) / (variance + net.bn.eps).sqrt()).flatten(1)
    layer = activations["bn"]
    torch.testing.assert_close(layer.samples, expected.float(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(layer.mean, expected.mean(0), rtol=1e-4, atol=1e-5)


def test_recalibrated_radii_are_the_rms_over_the_map(net, images):
    with capture(net, "bn", statistics="recalibrated") as activations:
        net(images)
    x = inputs_of(net, "bn", images)
    variance, mean = torch.var_mean(x, (0, 2, 3), correction=0, keepdim=True)
    expected = ((x - mean).square() / (variance + net.bn.eps)).sum(1).mean((1, 2)).sqrt()
    torch.testing.assert_close(activations["bn"].sample_radii, expected, rtol=1e-5, atol=0)


def test_recalibrated_moments_alone_know_no_radii(net, images):
    with capture(net, "bn", statistics="recalibrated", store="moments") as activations:
        net(images)
    with pytest.raises(CaptureError, match="has no radii: recalibration needs store='vectors'"):
        _ = activations["bn"].sample_radii


def test_a_module_called_twice_gets_numbered_names():
    norm = nn.BatchNorm1d(3)
    net = nn.Sequential(norm, nn.Linear(3, 3), norm)
    with capture(net) as activations:
        net(torch.rand(5, 3))
        net(torch.rand(5, 3))
    assert list(activations) == ["0#0", "0#1"]
    assert activations["0#1"].n_seen == 10


def test_a_part_of_the_model_may_run_alone():
    net = nn.Sequential(nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)), nn.Linear(3, 3))
    with capture(net) as activations:
        net[0](torch.rand(5, 3))
        net[0](torch.rand(5, 3))
    assert list(activations) == ["0.1"] and activations["0.1"].n_seen == 10


def test_globs_choose_layers():
    net = nn.Sequential(nn.Sequential(nn.BatchNorm1d(3), nn.Sequential(nn.BatchNorm1d(3))), nn.BatchNorm1d(3))

    def names(layers):
        with capture(net, layers) as activations:
            net(torch.rand(4, 3))
        return list(activations)

    assert names("**") == ["0.0", "0.1.0", "1"]
    assert names("*") == ["1"]
    assert names("0.**") == ["0.0", "0.1.0"]
    assert names("**.0") == ["0.0", "0.1.0"]
    assert names(["1", "0.0"]) == ["0.0", "1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layers": "cod"}, r"layers 'cod' matches no layer; did you mean 'code'.*layers: conv, bn"),
        ({"layers": "fc"}, r"layers 'fc' of Net matches only Linear, kinds asks for batchnorm"),
        (
            {"layers": "fc", "kinds": "all"},
            r"layer 'fc' is a Linear, which has no normalized point; choices: pre, post",
        ),
        ({"kinds": "al"}, r"kinds 'al' is unknown; choices: batchnorm, layernorm, all, or"),
        ({"point": "after"}, r"point 'after' is unknown; choices: pre, normalized, post"),
        ({"statistics": "runing"}, r"statistics 'runing' is unknown; did you mean 'running'"),
        ({"store": "all"}, r"store 'all' is unknown; choices: vectors, moments"),
        ({"spatial": "mean"}, r"spatial 'mean' is unknown; choices: sample, pool, flatten"),
        ({"limit": 1}, r"limit must be at least 2 samples, got 1"),
        ({"statistics": "recalibrated", "point": "pre"}, r"'recalibrated' needs point 'normalized', got 'pre'"),
    ],
)
def test_wrong_options_are_told_in_one_line(net, arguments, message):
    with pytest.raises(CaptureError, match=message) as caught, capture(net, **arguments):
        pass
    assert "\n" not in str(caught.value)


def test_a_layer_that_never_ran_is_an_error(net):
    with pytest.raises(CaptureError, match=r"layer 'bn' \(and 1 more\) never ran inside the capture"), capture(net):
        pass


def test_a_tuple_is_an_error_naming_the_layer():
    net = nn.Sequential(nn.LSTM(3, 3))
    with pytest.raises(CaptureError, match=r"layer '0' gives a tuple"), capture(net, kinds="all", point="post"):
        net(torch.rand(2, 4, 3))
    assert hooks_left(net) == 0


def test_no_running_statistics_is_an_error():
    net = nn.Sequential(nn.BatchNorm1d(3, track_running_stats=False))
    with pytest.raises(CaptureError, match=r"layer '0' keeps no running statistics"), capture(net):
        pass


def test_memory_is_estimated_before_it_is_taken(net, images):
    message = (
        r"capture would hold .* GiB with layer 'bn' \(4 units\), above max_bytes .*; lower limit \(1000000000000\)"
    )
    with pytest.raises(CaptureError, match=message), capture(net, limit=10**12):
        net(images)
    assert hooks_left(net) == 0


def test_activations_cannot_be_read_too_early(net, images):
    with capture(net) as activations:
        net(images)
        with pytest.raises(CaptureError, match="still being captured"):
            _ = activations["bn"]
    assert repr(activations) == "Activations(bn: 30 x 4, code: 30 x 3)"


def test_wrappers_are_taken_off_names(net, images):
    with capture(nn.DataParallel(net)) as activations:
        net(images)
    assert list(activations) == ["bn", "code"]


def test_compiled_models_run_with_their_hooks(net, images):
    compiled = torch.compile(net.eval(), backend="eager")
    with torch.no_grad():
        compiled(images)
        with capture(compiled) as activations:
            compiled(images)
    assert list(activations) == ["bn", "code"]


def test_exported_and_scripted_modules_get_the_clear_error(net, images):
    """Acceptance test 7."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch deprecates torch.jit and has deprecated uses of its own in torch.export
        scripted = torch.jit.script(net.eval())
        exported = torch.export.export(nn.Sequential(net.conv, net.bn), (images,))
        programs = [exported.module(), torch.export.unflatten(exported)]
    unhookable = {"TorchScript": [scripted, nn.Sequential(scripted)], "torch.export": programs}
    for kind, models in unhookable.items():
        for model in models:
            with pytest.raises(CaptureError, match=f"hooks do not fire on {kind}"), capture(model):
                pass


def test_gradients_flow_through_a_model_while_it_is_captured(net, images):
    images.requires_grad_()
    with capture(net):
        net(images).square().sum().backward()
    assert images.grad.abs().sum() > 0


def test_gradients_may_be_taken_after_the_capture(net, images):
    net.eval()
    with capture(net):
        loss = net(images).square().sum()
    loss.backward()
    assert net.conv.weight.grad.abs().sum() > 0


def test_inference_mode_is_no_obstacle(net, images):
    with torch.inference_mode(), capture(net, limit=10) as inside:
        net(images)
    with capture(net, limit=10) as outside, torch.inference_mode():
        net(images)
    assert torch.equal(inside["bn"].samples, outside["bn"].samples)


@pytest.mark.parametrize("norm", [nn.LayerNorm(3), nn.GroupNorm(1, 3)])
def test_layer_and_group_norm_have_a_normalized_point(norm):
    net = nn.Sequential(norm)
    x = torch.rand(6, 3, generator=torch.Generator().manual_seed(0))
    nn.init.zeros_(norm.weight)
    with capture(net, kinds=(nn.LayerNorm, nn.GroupNorm)) as activations:
        net(x)
    expected = (x - x.mean(1, keepdim=True)) / (x.var(1, correction=0, keepdim=True) + norm.eps).sqrt()
    torch.testing.assert_close(activations["0"].samples, expected, rtol=1e-5, atol=1e-5)
    assert activations["0"].statistics == ""


class Normed(nn.Module):
    """A group norm over maps, in-place ReLU, a batch norm, a layer norm without affine map."""

    def __init__(self):
        super().__init__()
        self.maps = nn.GroupNorm(1, 4)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(4 * 9, 3)
        self.bn = nn.BatchNorm1d(3)
        self.code = nn.LayerNorm(3, elementwise_affine=False)

    def forward(self, x):
        return self.code(self.bn(self.fc(self.relu(self.maps(x)).flatten(1))))


def test_kind_layernorm_is_layer_and_group_norms_at_every_point():
    torch.manual_seed(0)
    net = Normed().eval()
    nn.init.constant_(net.maps.weight, 3.0)
    x = torch.rand(20, 4, 3, 3)
    found = {}
    for point in ("pre", "normalized", "post"):
        with capture(net, kinds="layernorm", point=point, spatial="flatten") as activations:
            net(x)
        assert list(activations) == ["maps", "code"]
        found[point] = {name: activations[name].samples.double() for name in activations}
    for name, eps in {"maps": net.maps.eps, "code": net.code.eps}.items():
        pre = found["pre"][name]
        expected = (pre - pre.mean(1, keepdim=True)) / (pre.var(1, correction=0, keepdim=True) + eps).sqrt()
        torch.testing.assert_close(found["normalized"][name], expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found["post"]["maps"], 3 * found["normalized"]["maps"], rtol=1e-5, atol=1e-6)
    assert torch.equal(found["post"]["code"], found["normalized"]["code"])
    assert [row.path for row in list_layers(net, x, kinds="layernorm")] == ["maps", "code"]


def test_the_usual_kind_is_batchnorm_where_there_is_one(net):
    bare = nn.Sequential(nn.Linear(3, 2))
    assert [usual_kind(model) for model in (net, Normed(), nn.Sequential(nn.GroupNorm(1, 3)), bare)] == [
        "batchnorm", "batchnorm", "layernorm", "batchnorm",
    ]  # fmt: skip
    with pytest.raises(
        CaptureError, match="matches only Linear, kinds asks for layernorm; kinds: 'batchnorm', 'layern"
    ):
        list_layers(bare, kinds="layernorm")


def test_list_layers_tells_order_and_shapes(net, images):
    before = state(net)
    rows = list_layers(net, images, kinds="all")
    told = [(row.path, row.kind, row.width, row.affine, row.order, row.shape) for row in rows]
    assert told[1] == ("bn", "BatchNorm2d", 4, True, 1, (4, 6, 6))
    assert told[-1] == ("code", "BatchNorm1d", 3, False, 4, (3,))
    assert unchanged(net, before) and hooks_left(net) == 0 and net.training


def test_list_layers_needs_no_example(net):
    assert [(row.path, row.width, row.order) for row in list_layers(net)] == [("bn", 4, None), ("code", 3, None)]


def test_list_layers_numbers_repeated_calls():
    norm = nn.BatchNorm1d(3)
    rows = list_layers(nn.Sequential(norm, nn.Linear(3, 3), norm), torch.rand(2, 3))
    assert [(row.path, row.order) for row in rows] == [("0#0", 0), ("0#1", 1)]

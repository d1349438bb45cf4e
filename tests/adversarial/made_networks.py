"""Networks small enough to know by hand, and images to show them."""

import torch
from torch import nn


def linear(weights, bias):
    """Two classes of flat images; class 1 where w . x + b > 0."""
    net = nn.Linear(len(weights), 2)
    with torch.no_grad():
        net.weight.copy_(torch.stack([torch.zeros(len(weights)), torch.tensor(weights)]))
        net.bias.copy_(torch.tensor([0.0, bias]))
    return nn.Sequential(nn.Flatten(), net)


def conv(seed=0, norm=nn.BatchNorm1d):
    """A convolution, a bottleneck of width 12, three classes; running statistics of random images. Training mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Sequential()
        net.add_module("conv", nn.Conv2d(1, 4, 3, stride=2))
        net.add_module("norm", nn.BatchNorm2d(4))
        net.add_module("relu", nn.ReLU(inplace=True))
        net.add_module("flat", nn.Flatten())
        net.add_module("dense", nn.Linear(36, 12))
        net.add_module("bottleneck", norm(12))
        net.add_module("head", nn.Linear(12, 3))
    with torch.no_grad():
        for _ in range(60):
            net(pictures(64, seed=1))
    return net


def pictures(samples, seed=0):
    """Uniform images of 8 x 8 that keep some way from black and white."""
    generator = torch.Generator().manual_seed(seed)
    return 0.2 + 0.6 * torch.rand(samples, 1, 8, 8, generator=generator)


def said(net, images):
    """The classes that a network gives to images; it is left in the mode it was in."""
    training = net.training
    with torch.no_grad():
        classes = net.eval()(images).argmax(1)
    net.train(training)
    return classes

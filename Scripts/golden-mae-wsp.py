#!/usr/bin/env python3
"""Golden values of masked autoencoding and of weakly supervised pretraining.

Run in a virtual environment with torch, torchvision, transformers, timm and safetensors:
    python Scripts/golden-mae-wsp.py Tests/MawsTrainingTests/Golden

Writes mae.safetensors (transformers' ViTMAEForPreTraining) and wsp.safetensors (timm's VisionTransformer with a
two-layer head and soft cross-entropy): inputs, every weight, the loss and every gradient under the names of
facebookresearch/mae and timm; wsp-mixed.safetensors, loss and gradients of the same batch mixed and smoothed; and
wsp-linear.safetensors, loss and gradients of the same tower under a single-layer head, with its weights. The weights are random fp32; the arithmetic is done in fp64.
"""

import re
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

import torchvision_operators  # noqa: F401

from timm.models.vision_transformer import VisionTransformer
from torchvision.transforms import v2
from transformers import ViTMAEConfig, ViTMAEForPreTraining
from transformers.models.vit_mae.modeling_vit_mae import build_2d_sinusoidal_position_embedding

SIZE, PATCH, CHANNELS, IMAGES = 12, 4, 3, 3
WIDTH, DEPTH, HEADS = 32, 2, 4
DECODER_WIDTH, DECODER_DEPTH, DECODER_HEADS = 24, 1, 2
LABELS = 11
# Of the random matrices.
STD = 0.15


def randomize(model, generator):
    """Random fp32 values for everything but the position tables, then fp64 arithmetic."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "pos" in name:
                continue
            scale = STD if parameter.dim() > 1 else 0.1
            center = 1.0 if "norm" in name and name.endswith("weight") else 0.0
            parameter.copy_(center + scale * torch.randn(parameter.shape, generator=generator))
    return model.double()


MAE_NAMES = [
    (r"^vit\.embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^vit\.embeddings\.position_embeddings$", "pos_embed"),
    (r"^vit\.embeddings\.", ""),
    (r"^vit\.layers\.", "blocks."),
    (r"^vit\.layernorm\.", "norm."),
    (r"^decoder\.decoder_layers\.", "decoder_blocks."),
    (r"^decoder\.", ""),
    (r"layernorm_before", "norm1"),
    (r"layernorm_after", "norm2"),
    (r"attention\.o_proj", "attn.proj"),
]


def reference_names(tensors):
    """From transformers' names to facebookresearch/mae's, query, key and value joined."""
    renamed = {}
    for name, tensor in tensors.items():
        for pattern, replacement in MAE_NAMES:
            name = re.sub(pattern, replacement, name)
        renamed[name] = tensor
    for name in [name for name in renamed if ".attention.q_proj." in name]:
        parts = [renamed.pop(name.replace("q_proj", part + "_proj")) for part in "qkv"]
        renamed[name.replace("attention.q_proj", "attn.qkv")] = torch.cat(parts)
    return renamed


def write(path, values, weights, gradients):
    values.update({f"weight.{name}": tensor for name, tensor in weights.items()})
    values.update({f"gradient.{name}": tensor for name, tensor in gradients.items()})
    save_file({name: tensor.detach().float().contiguous() for name, tensor in values.items()}, path)


def positions(width):
    """Sines and cosines of the column first, as transformers fills the table to match facebookresearch/mae."""
    side = SIZE // PATCH
    table = build_2d_sinusoidal_position_embedding(height=side, width=side, embed_dim=width, cls_token=True)
    return torch.cat([table[:, width // 2:], table[:, : width // 2]], dim=-1)[None]


def masked_autoencoder(folder):
    generator = torch.Generator().manual_seed(1)
    config = ViTMAEConfig(
        hidden_size=WIDTH, num_hidden_layers=DEPTH, num_attention_heads=HEADS, intermediate_size=4 * WIDTH,
        image_size=SIZE, patch_size=PATCH, num_channels=CHANNELS, decoder_hidden_size=DECODER_WIDTH,
        decoder_num_hidden_layers=DECODER_DEPTH, decoder_num_attention_heads=DECODER_HEADS,
        decoder_intermediate_size=4 * DECODER_WIDTH, layer_norm_eps=1e-6, norm_pix_loss=True, mask_ratio=0.75,
        attn_implementation="eager")
    model = ViTMAEForPreTraining(config)
    with torch.no_grad():
        model.vit.embeddings.position_embeddings.copy_(positions(WIDTH))
        model.decoder.decoder_pos_embed.copy_(positions(DECODER_WIDTH))
    model = randomize(model, generator).train()
    images = torch.randn(IMAGES, CHANNELS, SIZE, SIZE, generator=generator)
    noise = torch.rand(IMAGES, (SIZE // PATCH) ** 2, generator=generator)
    output = model(images.double(), noise=noise.double())
    output.loss.backward()
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    write(
        folder / "mae.safetensors",
        {"images": images, "noise": noise, "loss": output.loss, "prediction": output.logits, "mask": output.mask},
        reference_names(model.state_dict()), reference_names(gradients))


def weakly_supervised(folder):
    generator = torch.Generator().manual_seed(2)
    tower = VisionTransformer(
        img_size=SIZE, patch_size=PATCH, in_chans=CHANNELS, num_classes=0, embed_dim=WIDTH, depth=DEPTH,
        num_heads=HEADS, global_pool="token")
    head = torch.nn.Sequential(torch.nn.Linear(WIDTH, WIDTH), torch.nn.Tanh(), torch.nn.Linear(WIDTH, LABELS))
    randomize(tower, generator), randomize(head, generator)
    images = torch.randn(IMAGES, CHANNELS, SIZE, SIZE, generator=generator)
    tags = torch.zeros(IMAGES, LABELS)
    for row, labels in enumerate([[2], [0, 5, 10], [3, 4]]):
        tags[row, labels] = 1
    targets = (tags / tags.sum(1, keepdim=True)).double()
    features = tower(images.double())
    loss = torch.nn.functional.cross_entropy(head(features), targets)
    loss.backward()
    weights = tower.state_dict() | {f"head.{name}": tensor for name, tensor in head.state_dict().items()}
    gradients = {name: p.grad for name, p in tower.named_parameters()}
    gradients |= {f"head.{name}": p.grad for name, p in head.named_parameters()}
    write(
        folder / "wsp.safetensors", {"images": images, "tags": tags, "loss": loss, "features": features},
        weights, gradients)
    mixed(folder, tower, head, images, targets)
    linear(folder, tower, images, targets)


def linear(folder, tower, images, targets):
    """The same batch under a head of a single layer."""
    tower.zero_grad()
    head = randomize(torch.nn.Linear(WIDTH, LABELS), torch.Generator().manual_seed(3))
    loss = torch.nn.functional.cross_entropy(head(tower(images.double())), targets)
    loss.backward()
    gradients = {name: p.grad for name, p in tower.named_parameters()}
    gradients |= {f"head.{name}": p.grad for name, p in head.named_parameters()}
    weights = {f"head.{name}": tensor for name, tensor in head.state_dict().items()}
    write(folder / "wsp-linear.safetensors", {"loss": loss}, weights, gradients)


def mixed(folder, tower, head, images, targets):
    """The same step of a batch mixed as torchvision's MixUp does, with label smoothing."""
    share = 0.3
    tower.zero_grad(), head.zero_grad()
    mix = v2.MixUp(num_classes=LABELS)
    parameters = {"labels": targets, "batch_size": IMAGES, "lam": share}
    pixels, labels = mix.transform(images, parameters), mix.transform(targets, parameters)
    loss = torch.nn.functional.cross_entropy(head(tower(pixels.double())), labels, label_smoothing=0.1)
    loss.backward()
    gradients = {name: p.grad for name, p in tower.named_parameters()}
    gradients |= {f"head.{name}": p.grad for name, p in head.named_parameters()}
    write(folder / "wsp-mixed.safetensors", {"share": torch.tensor([share]), "loss": loss}, {}, gradients)


if __name__ == "__main__":
    torch.manual_seed(0)
    masked_autoencoder(Path(sys.argv[1]))
    weakly_supervised(Path(sys.argv[1]))

#!/usr/bin/env python3
"""The experiment of Deploy/plans/claim-fashion.yaml in PyTorch: does MAE before WSP help, on the same shards?

Needs a virtual environment with torch, timm, scikit-learn, pillow. Prints one line a figure:
    figure=peer-wsp-after-mae value=83.5 unit=percent
The model is timm's VisionTransformer (128 wide, 4 deep, 4 heads, patch 4), the decoder two blocks 64 wide, AdamW at the
plan's rates; labels are the noisy hashtags of the shards, the linear probe is fitted and tested on the clean classes.
"""
import argparse, io, json, math, tarfile, time

import numpy
import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from timm.models.vision_transformer import Block, VisionTransformer

GRID, PATCH, WIDTH = 7, 4, 128


def load(paths, vocabulary):
    images, labels, classes = [], [], []
    for path in paths:
        with tarfile.open(path) as tar:
            for member in tar:
                data = tar.extractfile(member).read()
                if member.name.endswith(".png"):
                    images.append(numpy.asarray(Image.open(io.BytesIO(data)).convert("L")))
                elif member.name.endswith(".json"):
                    labels.append([vocabulary[tag] for tag in json.loads(data) if tag in vocabulary])
                elif member.name.endswith(".cls"):
                    classes.append(int(data))
    pixels = torch.from_numpy(numpy.stack(images)).float()[:, None] / 255
    targets = torch.zeros(len(labels), len(vocabulary))
    for row, indices in enumerate(labels):
        targets[row, indices] = 1 / max(1, len(indices))
    return (pixels - 0.5) / 0.5, targets, numpy.array(classes)


def sine_cosine(width):
    quarter = width // 4
    omega = 1 / 10000 ** (torch.arange(quarter).float() / quarter)
    rows, columns = torch.meshgrid(torch.arange(GRID).float(), torch.arange(GRID).float(), indexing="ij")
    parts = [f(p.reshape(-1, 1) * omega) for p in (columns, rows) for f in (torch.sin, torch.cos)]
    return torch.cat([torch.zeros(1, width), torch.cat(parts, 1)])[None]


class MAE(torch.nn.Module):
    def __init__(self, trunk, width=64, depth=2, heads=2):
        super().__init__()
        self.trunk, self.embed = trunk, torch.nn.Linear(WIDTH, width)
        self.mask = torch.nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.register_buffer("position", sine_cosine(width))
        self.blocks = torch.nn.Sequential(*[Block(width, heads, 4, qkv_bias=True) for _ in range(depth)])
        self.norm, self.predict = torch.nn.LayerNorm(width), torch.nn.Linear(width, PATCH * PATCH)

    def forward(self, x):
        n, tokens, kept = x.shape[0], GRID * GRID, GRID * GRID // 4
        patches = x.reshape(n, 1, GRID, PATCH, GRID, PATCH).permute(0, 2, 4, 3, 5, 1).reshape(n, tokens, -1)
        target = (patches - patches.mean(-1, keepdim=True)) / (patches.var(-1, keepdim=True) + 1e-6).sqrt()
        order = torch.rand(n, tokens).argsort(1)
        restore = order.argsort(1)
        t = self.trunk
        z = t.patch_embed(x) + t.pos_embed[:, 1:]
        z = z.gather(1, order[:, :kept, None].expand(-1, -1, WIDTH))
        z = t.norm(t.blocks(torch.cat([(t.cls_token + t.pos_embed[:, :1]).expand(n, -1, -1), z], 1)))
        z = self.embed(z)
        full = torch.cat([z[:, 1:], self.mask.expand(n, tokens - kept, -1)], 1)
        full = full.gather(1, restore[:, :, None].expand(-1, -1, z.shape[-1]))
        out = self.predict(self.norm(self.blocks(torch.cat([z[:, :1], full], 1) + self.position)))[:, 1:]
        return ((out - target) ** 2).mean(-1).gather(1, order[:, kept:]).mean()


def trunk():
    model = VisionTransformer(
        img_size=28, patch_size=PATCH, in_chans=1, num_classes=0, embed_dim=WIDTH, depth=4, num_heads=4)
    model.pos_embed.data.copy_(sine_cosine(WIDTH))
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.xavier_uniform_(module.weight)
    return model


def train(name, parameters, loss_of, count, epochs, decay, peak=1e-3, batch=512, shape="cosine"):
    groups = [{"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay},
              {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0}]
    optimizer = torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.95))
    steps = int(count * epochs / batch)
    warmup, start = round(0.05 * steps), time.time()
    for step in range(steps):
        if step * batch % count < batch:
            order = torch.randperm(count)
        progress = (step - warmup) / (steps - warmup)
        falling = 0.5 * (1 + math.cos(math.pi * progress)) if shape == "cosine" else 1 - progress
        for group in optimizer.param_groups:
            group["lr"] = peak * ((step + 1) / warmup if step < warmup else falling)
        begin = step * batch % count
        rows = order[begin:begin + batch] if begin + batch <= count else order[-batch:]
        loss = loss_of(rows)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"figure=peer-{name}-loss value={loss.item():.4f} unit=nats")
    print(f"figure=peer-{name}-speed value={steps * batch / (time.time() - start):.0f} unit=images/s", flush=True)


@torch.no_grad()
def probe(name, model, train_set, test_set):
    model.eval()
    features = [torch.cat([model(part) for part in x.split(1000)]).numpy() for x in (train_set[0], test_set[0])]
    scaler = StandardScaler().fit(features[0])
    regression = LogisticRegression(max_iter=300).fit(scaler.transform(features[0]), train_set[2])
    accuracy = regression.score(scaler.transform(features[1]), test_set[2])
    print(f"figure=peer-{name} value={100 * accuracy:.1f} unit=percent", flush=True)
    model.train()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="data")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--mae-epochs", type=float, default=5)
    parser.add_argument("--wsp-epochs", type=float, default=2)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    vocabulary = {line.split("\t")[0]: i for i, line in enumerate(open(f"{options.data}/fashion-hashtags.txt"))}
    train_set = load([f"{options.data}/fashion-train-{i:04d}.tar" for i in range(12)], vocabulary)
    test_set = load([f"{options.data}/fashion-test-{i:04d}.tar" for i in range(2)], vocabulary)
    count = len(train_set[0])

    def flipped(rows):
        x = train_set[0][rows]
        return torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(-1), x)

    def wsp(name, model):
        head = torch.nn.Sequential(
            torch.nn.Linear(WIDTH, WIDTH), torch.nn.Tanh(), torch.nn.Linear(WIDTH, len(vocabulary)))
        model.pos_embed.requires_grad_(True)
        parameters = list(model.parameters()) + list(head.parameters())
        train(name, parameters, lambda rows: F.cross_entropy(head(model(flipped(rows))), train_set[1][rows]), count,
              options.wsp_epochs, decay=0.1, shape="linear")
        probe(name, model, train_set, test_set)

    model = trunk()
    model.pos_embed.requires_grad_(False)
    mae = MAE(model)
    train("mae", [p for p in mae.parameters() if p.requires_grad], lambda rows: mae(flipped(rows)), count,
          options.mae_epochs, decay=0.05)
    probe("mae", model, train_set, test_set)
    wsp("wsp-after-mae", model)
    wsp("wsp-alone", trunk())


main()

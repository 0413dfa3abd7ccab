#!/usr/bin/env python3
"""Golden values of locked-image tuning: two small towers, the CLIP loss and every gradient, and a linear probe.

The image tower is timm's VisionTransformer, the text tower transformers' XLMRobertaModel (eager attention, no dropout),
the scores open_clip's ClipLoss with the label smoothing of torch's cross_entropy. All in fp64 from weights that fp32
holds exactly, so that the values are the truth for an fp32 implementation.

Needs a virtual environment with torch, timm, transformers, open_clip_torch, scikit-learn and safetensors. Writes
lit.safetensors, clip.safetensors and linear.safetensors in Tests/MawsTrainingTests/Golden.
"""
import math
import pathlib

import numpy
import timm
import torch
import torch.nn.functional as F
from open_clip.loss import ClipLoss
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from transformers import XLMRobertaConfig, XLMRobertaModel

OUT = pathlib.Path(__file__).parent.parent / "Tests/MawsTrainingTests/Golden"
SAMPLES, CONTEXT, VOCABULARY, EMBEDDING, SMOOTHING = 6, 10, 40, 12, 0.1
LENGTHS = [9, 3, 7, 5, 2, 8]
SIZE, PATCH, WIDTH, DEPTH, HEADS, MLP = 8, 4, 16, 2, 2, 32
# Of the random weights.
STD = 0.3


def save(name, tensors):
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{name}.safetensors"
    save_file({key: value.detach().float().contiguous() for key, value in tensors.items()}, path)
    path.chmod(0o644)


def image_tower():
    return timm.models.VisionTransformer(
        img_size=SIZE, patch_size=PATCH, in_chans=3, num_classes=0, embed_dim=WIDTH, depth=DEPTH, num_heads=HEADS,
        mlp_ratio=4, global_pool="token").double()


def text_tower():
    configuration = XLMRobertaConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=DEPTH, num_attention_heads=HEADS,
        intermediate_size=MLP, max_position_embeddings=CONTEXT + 2, type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2,
        layer_norm_eps=1e-5, hidden_act="gelu", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    configuration._attn_implementation = "eager"
    return XLMRobertaModel(configuration, add_pooling_layer=False).double()


def randomise(model):
    """Values far from any initialiser, so that nothing cancels by symmetry; exact in fp32."""
    for name, parameter in model.named_parameters():
        is_norm_weight = "norm" in name.lower() and name.endswith("weight")
        value = torch.randn(parameter.shape) * (0.1 if is_norm_weight or "bias" in name else STD)
        parameter.data = (value + 1 if is_norm_weight else value).double()


def clip_loss(image, text, logit_scale):
    by_image, by_text = ClipLoss().get_logits(image, text, logit_scale.exp())
    labels = torch.arange(len(image))
    return sum(F.cross_entropy(scores, labels, label_smoothing=SMOOTHING) for scores in (by_image, by_text)) / 2


def tokens():
    ids = torch.ones(SAMPLES, CONTEXT, dtype=torch.long)
    for row, length in enumerate(LENGTHS):
        ids[row, :length] = torch.randint(4, VOCABULARY, (length,))
        ids[row, 0], ids[row, length - 1] = 0, 2
    return ids


def lit():
    torch.manual_seed(3)
    image, text = image_tower().eval(), text_tower().eval()
    randomise(image), randomise(text)
    projections = {
        "image_projection.weight": torch.nn.Parameter(torch.randn(EMBEDDING, WIDTH).double() * STD),
        "text_projection.weight": torch.nn.Parameter(torch.randn(EMBEDDING, WIDTH).double() * STD),
        "logit_scale": torch.nn.Parameter(torch.tensor(math.log(1 / 0.07), dtype=torch.float32).double()),
    }
    images, ids = torch.randn(SAMPLES, 3, SIZE, SIZE).double(), tokens()
    with torch.no_grad():
        features = image(images)
    hidden = text(input_ids=ids, attention_mask=(ids != 1).long()).last_hidden_state[:, 0]
    image_rows = F.normalize(features @ projections["image_projection.weight"].T, dim=-1)
    text_rows = F.normalize(hidden @ projections["text_projection.weight"].T, dim=-1)
    loss = clip_loss(image_rows, text_rows, projections["logit_scale"])
    loss.backward()
    trained = {f"text.{name}": p for name, p in text.named_parameters()} | projections
    frozen = {f"image.{name}": p for name, p in image.named_parameters()}
    out = {f"weight.{name}": p for name, p in (trained | frozen).items()}
    out |= {f"gradient.{name}": p.grad for name, p in trained.items()}
    out |= {"images": images, "tokens": ids, "features": features, "hidden": hidden}
    out |= {"image_rows": image_rows, "text_rows": text_rows, "loss": loss}
    save("lit", {name: value.reshape(1) if value.ndim == 0 else value for name, value in out.items()})


def clip():
    """The loss alone, at a batch that is no multiple of a vector and with one row much surer than the others."""
    torch.manual_seed(4)
    count, width = 29, 24
    text = F.normalize(torch.randn(count, width).double(), dim=-1)
    image = F.normalize(text + 0.2 * torch.randn(count, width).double(), dim=-1)
    text, image = text.float().double().requires_grad_(), image.float().double().requires_grad_()
    scale = torch.tensor([math.log(60.0)], dtype=torch.float32).double().requires_grad_()
    loss = clip_loss(image, text, scale)
    loss.backward()
    save("clip", {
        "images": image, "texts": text, "logit_scale": scale, "loss": loss.reshape(1), "gradient.images": image.grad,
        "gradient.texts": text.grad, "gradient.logit_scale": scale.grad})


def linear():
    """A probe on overlapping classes with features of very different scales; accuracies of scikit-learn."""
    random = numpy.random.default_rng(5)
    train, test, width, classes = 300, 600, 6, 4
    centres = random.normal(size=(classes, width)) * 0.9
    labels = random.integers(0, classes, train + test)
    features = (centres[labels] + random.normal(size=(train + test, width))) * numpy.logspace(-2, 2, width) + 5
    features = features.astype(numpy.float32)
    scaler = StandardScaler().fit(features[:train])
    out = {"features": torch.tensor(features), "labels": torch.tensor(labels), "train": torch.tensor([train])}
    for penalty in (0.1, 1.0, 100.0):
        model = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10000)
        model.fit(scaler.transform(features[:train]), labels[:train])
        out[f"probabilities.{penalty:g}"] = torch.tensor(model.predict_proba(scaler.transform(features[train:])))
    save("linear", out)


if __name__ == "__main__":
    lit()
    clip()
    linear()

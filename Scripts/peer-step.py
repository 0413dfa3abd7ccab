"""One training step of a stage in PyTorch on the CPU: what `Scripts/bench-peers` compares `maws-bench steps` with.

usage: peer-step.py STAGE BATCH PRECISION MODE STEPS
STAGE: mae | wsp | lit (ViT-B/16 at 224 px, XLM-R base, 102 tokens); PRECISION: fp32 | bf16 (autocast);
MODE: eager | compile. Random weights and inputs, SDPA attention, fused AdamW, all threads.
Prints the median of STEPS steps after two: `images_per_second peak_resident_MiB`.
"""
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F

import torchvision_operators  # noqa: F401


def mae(batch):
    from transformers import ViTMAEConfig, ViTMAEForPreTraining

    model = ViTMAEForPreTraining(ViTMAEConfig(norm_pix_loss=True, attn_implementation="sdpa"))
    images = torch.randn(batch, 3, 224, 224)
    return model, lambda: model(pixel_values=images).loss


def wsp(batch):
    import timm

    trunk = timm.create_model("vit_base_patch16_224", num_classes=0)
    head = torch.nn.Sequential(torch.nn.Linear(768, 768), torch.nn.Tanh(), torch.nn.Linear(768, 1000))
    model = torch.nn.Sequential(trunk, head)
    images, targets = torch.randn(batch, 3, 224, 224), torch.softmax(torch.randn(batch, 1000), -1)
    return model, lambda: F.cross_entropy(model(images).float(), targets)


def lit(batch):
    import timm
    from transformers import XLMRobertaConfig, XLMRobertaModel

    trunk = timm.create_model("vit_base_patch16_224", num_classes=0).eval().requires_grad_(False)
    text = XLMRobertaModel(
        XLMRobertaConfig(
            vocab_size=250002, max_position_embeddings=514, type_vocab_size=1, attn_implementation="sdpa"),
        add_pooling_layer=False)
    image_head, text_head = (torch.nn.Linear(768, 512, bias=False) for _ in range(2))
    model = torch.nn.ModuleList([text, image_head, text_head])
    model.register_parameter("scale", torch.nn.Parameter(torch.tensor(2.66)))
    images, tokens = torch.randn(batch, 3, 224, 224), torch.randint(3, 250000, (batch, 102))
    own = torch.arange(batch)

    def loss():
        with torch.no_grad():
            features = trunk(images)
        rows = F.normalize(image_head(features), dim=-1)
        captions = F.normalize(text_head(text(input_ids=tokens).last_hidden_state[:, 0]), dim=-1)
        logits = (model.scale.exp() * rows @ captions.t()).float()
        both = (F.cross_entropy(side, own, label_smoothing=0.1) for side in (logits, logits.t()))
        return sum(both) / 2

    return model, loss


def main():
    stage, batch, precision, mode, steps = sys.argv[1:]
    torch.manual_seed(0)
    model, loss = {"mae": mae, "wsp": wsp, "lit": lit}[stage](int(batch))
    model.train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, betas=(0.9, 0.95), weight_decay=0.05, fused=True)
    compute = torch.compile(loss) if mode == "compile" else loss

    def step():
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            value = compute()
        value.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return time.perf_counter() - start

    step(), step()
    median = statistics.median(step() for _ in range(int(steps)))
    print(f"{int(batch) / median:.3f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


main()

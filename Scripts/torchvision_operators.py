"""Imported before torchvision or timm: torchvision's compiled operators are not needed by these scripts, and its wheel may
not match a CPU wheel of torch, so they are declared without being there."""
import torch

operators = torch.library.Library("torchvision", "DEF")
for signature in ("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
                  "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"):
    try:
        operators.define(signature)
    except RuntimeError:
        pass

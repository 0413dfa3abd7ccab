"""The update of a server, by torch.optim.AdamW(fused=True) on this machine: the figure beside `maws-bench update`.

usage: peer-update.py [millions of weights] [threads]
"""
import sys
import time

import torch

count = (int(sys.argv[1]) if len(sys.argv) > 1 else 64) << 20
torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
weights = torch.nn.Parameter(torch.zeros(count))
weights.grad = torch.full((count,), 1e-3)
optimizer = torch.optim.AdamW([weights], lr=1e-4, betas=(0.9, 0.95), weight_decay=0.05, fused=True)
optimizer.step()
start, rounds = time.perf_counter(), 0
while time.perf_counter() - start < 3:
    optimizer.step()
    rounds += 1
rate = rounds * count / (time.perf_counter() - start)
# In place: weight, moments and gradient are read, weight and moments written.
print(f"figure=torch-adamw-fused value={rate / 1e6:.0f} unit=Melements/s")
print(f"figure=torch-adamw-fused-bytes value={28 * rate / 1e9:.2f} unit=GB/s")

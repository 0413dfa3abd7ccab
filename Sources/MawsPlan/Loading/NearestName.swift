/// What other tools call some of the plan's fields.
private let otherNames = [
    "lr": "learning_rate", "batch_size": "batch", "bs": "batch", "wd": "weight_decay", "epoch": "epochs",
    "max_steps": "steps", "num_steps": "steps", "clip_grad": "clip", "grad_clip": "clip", "accumulate": "micro_batch",
    "patch_size": "patch", "img_size": "size", "image_size": "size", "input_size": "size", "embed_dim": "width",
    "dim": "width", "layers": "depth", "num_heads": "heads", "data": "on", "split": "on", "workers": "trainers",
    "path": "shards", "output": "run", "output_dir": "run", "model": "image", "save_every": "every",
]

/// The name a misspelt one was most likely meant to be: what another tool calls it, or the one with the fewest edits,
/// if they are few for its length.
package func nearestName(to name: String, among known: [String]) -> String? {
    if let other = otherNames[name.lowercased()], known.contains(other) { return other }
    let candidates = known.map { (name: $0, edits: edits(from: name.lowercased(), to: $0.lowercased())) }
    guard let nearest = candidates.min(by: { $0.edits < $1.edits }) else { return nil }
    return nearest.edits <= max(1, max(name.count, nearest.name.count) / 3) ? nearest.name : nil
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment) that turn one text into the
/// other.
private func edits(from first: String, to second: String) -> Int {
    let a = Array(first)
    let b = Array(second)
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 0..<a.count {
        var row = [i + 1] + [Int](repeating: 0, count: b.count)
        for j in 0..<b.count {
            row[j + 1] = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1)
            }
        }
        beforeLast = last
        last = row
    }
    return last[b.count]
}

/// The name a misspelt one was most likely meant to be: the one with the fewest edits, if they are few for its length.
func nearestName(to name: String, among known: [String]) -> String? {
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

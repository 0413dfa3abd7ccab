/// Lines that others cause, in such a way that a log grows by what happened and not by what was sent: a source may
/// cause a few lines at once and then one every ten seconds, which says how many were left out.
package struct RepeatedLines: Sendable {
    package static let linesAtOnce = 10.0
    package static let secondsBetween = 10.0
    /// Sources that are told apart; those that come when there are as many share one.
    static let sourcesMax = 256

    private struct Source {
        var credit = RepeatedLines.linesAtOnce
        var at: Moment
        var leftOut = 0
        var last = ""
    }

    private var sources: [String: Source] = [:]

    package init() {}

    /// - Parameter source: who causes the line, a machine or a certificate.
    /// - Returns: what to write now: nothing, or this line.
    package mutating func add(_ line: String, from source: String, now: Moment) -> String? {
        let name = sources[source] == nil && sources.count >= Self.sourcesMax ? "" : source
        var entry = sources[name] ?? Source(at: now)
        defer { sources[name] = entry }
        Self.refill(&entry, now)
        guard entry.leftOut == 0, entry.credit >= 1 else {
            entry.leftOut += 1
            entry.last = line
            return nil
        }
        entry.credit -= 1
        return line
    }

    /// What to write of lines that were left out, once it is their time; to be called every now and then.
    package mutating func due(_ now: Moment) -> [String] {
        var lines: [String] = []
        for (name, found) in sources.sorted(by: { $0.key < $1.key }) {
            var entry = found
            Self.refill(&entry, now)
            if entry.leftOut > 0, entry.credit >= 1 {
                lines.append(entry.leftOut == 1 ? entry.last : "\(entry.last) … \(entry.leftOut - 1) more like it")
                (entry.leftOut, entry.credit) = (0, entry.credit - 1)
            }
            sources[name] = entry.credit >= Self.linesAtOnce ? nil : entry
        }
        return lines
    }

    private static func refill(_ entry: inout Source, _ now: Moment) {
        entry.credit = min(linesAtOnce, entry.credit + now.seconds(since: entry.at) / secondsBetween)
        entry.at = now
    }
}

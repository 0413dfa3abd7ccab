import MawsRecords

/// One stage's progress as one line.
package enum LiveLine {
    /// The line for a terminal, never longer than `width` columns. What matters least goes first when it does not fit.
    package static func terminal(_ snapshot: StatusSnapshot, width: Int) -> String {
        let parts = parts(snapshot)
        // Numbers into `parts`, least important first: the loss, the step and the stage stay longest.
        for dropped in [[], [6], [6, 4], [6, 4, 3], [6, 4, 3, 5], [6, 4, 3, 5, 7]] as [[Int]] {
            let kept = parts.enumerated().filter { !dropped.contains($0.offset) && !$0.element.isEmpty }.map(\.element)
            let line = kept.joined(separator: "  ")
            let room = width - line.count
            if room >= 0 { return line + waiting(snapshot, room: room) }
        }
        return shorten(parts.prefix(3).joined(separator: "  "), to: width)
    }

    /// The line for a log: the whole of it, whatever its length.
    package static func log(_ snapshot: StatusSnapshot) -> String {
        parts(snapshot).filter { !$0.isEmpty }.joined(separator: "  ") + waiting(snapshot, room: .max)
    }

    /// Stage, step, loss, rate, mfu, time left, servers, trainers.
    private static func parts(_ snapshot: StatusSnapshot) -> [String] {
        [
            plain(snapshot.stage),
            snapshot.progressText
                + (snapshot.skippedSteps > 0 ? " (\(snapshot.skippedSteps) skipped)" : ""),
            snapshot.loss.map { "loss \(Figure.loss($0))" } ?? "",
            snapshot.imagesPerSecond > 0 ? "\(Figure.rate(imagesPerSecond: snapshot.imagesPerSecond)) images/s" : "",
            snapshot.mfu.map { "mfu \(Figure.percent($0))" } ?? "",
            left(snapshot),
            present("servers", role: "server", snapshot.peers),
            present("trainers", role: "trainer", snapshot.peers),
        ]
    }

    /// What is left of the stage, and of the run where that is more.
    private static func left(_ snapshot: StatusSnapshot) -> String {
        guard let stage = snapshot.remainingSeconds, stage > 0 else { return "" }
        let run = snapshot.runRemainingSeconds.map { ", run \(Figure.wholeDuration(max($0, stage)))" } ?? ""
        return "eta \(Figure.wholeDuration(stage))" + (snapshot.stageIndex + 1 < snapshot.stageCount ? run : "")
    }

    private static func present(_ title: String, role: String, _ peers: [StatusSnapshot.Peer]) -> String {
        let peers = peers.filter { $0.role == role }
        return "\(title) \(peers.count { !$0.isAway })/\(peers.count)"
    }

    /// ` (waits for …)`, shortened to `room`, or nothing where a shortened one would say nothing.
    private static func waiting(_ snapshot: StatusSnapshot, room: Int) -> String {
        guard let reason = snapshot.waitingFor, room >= 24 else { return "" }
        return shorten(" (waits for \(plain(reason))", to: room - 1) + ")"
    }

    private static func shorten(_ text: String, to width: Int) -> String {
        text.count <= width ? text : String(text.prefix(max(0, width - 1))) + (width > 0 ? "…" : "")
    }

    /// Without control characters: a peer's words must not move the cursor.
    static func plain(_ text: String) -> String {
        String(text.map { $0.unicodeScalars.allSatisfy { !$0.properties.isControl } ? $0 : " " })
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isControl: Bool {
        generalCategory == .control || generalCategory == .format || generalCategory == .lineSeparator
            || generalCategory == .paragraphSeparator
    }
}

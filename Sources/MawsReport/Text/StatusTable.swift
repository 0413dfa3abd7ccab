import MawsBase
import MawsRecords

/// The state of a run as a person reads it: progress, every peer and what it is doing, who everybody waits for.
package enum StatusTable {
    package static func draw(_ snapshot: StatusSnapshot) -> String {
        let lines = [heading(snapshot), progress(snapshot)] + checkpoint(snapshot) + skipped(snapshot)
        let warnings = snapshot.warnings.map { "Warning: \(LiveLine.plain($0))." }
        return (lines + ["", peers(snapshot.peers), "", waiting(snapshot)] + warnings).joined(separator: "\n")
    }

    private static func heading(_ snapshot: StatusSnapshot) -> String {
        let place = "\(snapshot.stageIndex + 1) of \(snapshot.stageCount)"
        return "Run \(LiveLine.plain(snapshot.run)), stage \(LiveLine.plain(snapshot.stage)) (\(place))"
    }

    private static func progress(_ snapshot: StatusSnapshot) -> String {
        let parts = [
            snapshot.phase ?? "step \(snapshot.step) of \(snapshot.stepCount)",
            snapshot.skippedSteps > 0 ? "\(snapshot.skippedSteps) skipped as not finite" : nil,
            snapshot.loss.map { "loss \(Figure.loss($0))" },
            snapshot.imagesPerSecond > 0
                ? "\(Figure.rate(imagesPerSecond: snapshot.imagesPerSecond)) images/s" : nil,
            snapshot.remainingSeconds.map { "\(Figure.duration($0)) to the end of the stage" },
            snapshot.runRemainingSeconds.map { "\(Figure.duration($0)) to the end of the run" },
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }

    private static func checkpoint(_ snapshot: StatusSnapshot) -> [String] {
        let underWay = snapshot.checkpoint.map { checkpoint in
            "Checkpoint of step \(checkpoint.step): being taken since \(SecondsText.tenths(checkpoint.seconds)) s"
                + (checkpoint.late.map { ", waits for \(LiveLine.plain($0))" } ?? "")
        }
        let givenUp = snapshot.checkpointsGivenUp ?? 0
        return [underWay, givenUp > 0 ? "Checkpoints given up and begun anew: \(givenUp)" : nil].compactMap(\.self)
    }

    private static func skipped(_ snapshot: StatusSnapshot) -> [String] {
        guard snapshot.skippedSamples > 0 else { return [] }
        let names = snapshot.skippedNames.map { "  \(LiveLine.plain($0))" }
        let more = snapshot.skippedNames.count < snapshot.skippedSamples ? ["  …"] : []
        return ["Samples skipped: \(snapshot.skippedSamples)"] + names + more
    }

    private static func peers(_ peers: [StatusSnapshot.Peer]) -> String {
        guard !peers.isEmpty else { return "Nobody is connected." }
        let isCertified = peers.contains { $0.certificate != nil }
        let header = ["peer", "role"] + (isCertified ? ["certificate"] : []) + ["address", "doing"]
        var table = TextTable(header: header, alignments: Array(repeating: .left, count: header.count))
        for peer in peers {
            let certificate = isCertified ? [peer.certificate ?? ""] : []
            table.add(([peer.name, peer.role] + certificate + [peer.address, peer.doing]).map(LiveLine.plain))
        }
        return table.draw()
    }

    private static func waiting(_ snapshot: StatusSnapshot) -> String {
        snapshot.waitingFor.map { "Everybody waits for \(LiveLine.plain($0))" } ?? "Nobody waits."
    }
}

import Foundation
import MawsLive
import Testing

@Suite struct EvidenceTests {
    private let folder = NSTemporaryDirectory() + "evidence-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    private func line(_ stage: String, _ step: Int, loss: Double = 1) -> String {
        "{\"gradientNorm\":2,\"learningRate\":0.5,\"loss\":\(loss),\"stage\":\"\(stage)\",\"step\":\(step)}\n"
    }

    private func write(_ text: String) throws {
        try text.write(toFile: folder + "/metrics.jsonl", atomically: false, encoding: .utf8)
    }

    @Test func commitsAreSeenOnceAndLostOnesAreTold() throws {
        var watch = CommitWatch(path: folder + "/metrics.jsonl")
        watch.look(at: 0)
        try write(line("mae", 0) + line("mae", 1).prefix(20))
        watch.look(at: 1)
        #expect(watch.sightings.map(\.seconds) == [1])
        try write(line("mae", 0) + line("mae", 1) + line("mae", 2))
        watch.look(at: 2)
        #expect(watch.sightings.map(\.key.step) == [0, 1, 2])
        try write(line("mae", 0))
        watch.look(at: 3)
        #expect(watch.missing.count == 2)
        try write(line("mae", 0) + line("mae", 1) + line("mae", 2, loss: 7))
        watch.look(at: 4)
        #expect(watch.missing.isEmpty)
        #expect(watch.contradicted == [CommitKey(stage: "mae", step: 2)])
        #expect(watch.sightings.count == 3)
    }

    private func run(_ name: String, loss: Double = 1, weights: String = "w", steps: Int = 3) throws -> RunEvidence {
        let run = "\(folder)/\(name)"
        for step in [1, steps] {
            let checkpoint = "\(run)/checkpoints/mae-\(step)"
            try FileManager.default.createDirectory(atPath: checkpoint, withIntermediateDirectories: true)
            try (step == 1 ? "older \(name)" : weights).write(
                toFile: checkpoint + "/weights.safetensors", atomically: false, encoding: .utf8)
        }
        try (0..<steps).map { line("mae", $0, loss: $0 == 1 ? loss : 1) }.joined().write(
            toFile: run + "/metrics.jsonl", atomically: false, encoding: .utf8)
        return try RunEvidence(runFolder: run)
    }

    @Test func runsAreHeldAgainstEachOther() throws {
        let truth = try run("undisturbed")
        #expect(truth.differences(of: try run("same")).isEmpty)
        let otherLoss = truth.differences(of: try run("loss", loss: 1.0000001))
        #expect(otherLoss == ["1 of 3 commits differ, the first is mae 1"])
        #expect(truth.differences(of: try run("weights", weights: "v")) == ["mae-3/weights.safetensors differs"])
        let longer = truth.differences(of: try run("longer", steps: 4))
        #expect(longer.contains("1 commits are there that the undisturbed run has not"))
        #expect(longer.contains("mae-3/weights.safetensors is missing"))
    }

    @Test func thePageIsWellFormedAndEscapesWhatProcessesSay() throws {
        var record = LiveRecord(plan: "a<b>.yaml", seed: 1, servers: 2, trainers: 1)
        record.faults = [
            .init(
                number: 1, kind: .kill, target: "server-0", role: "server", note: "<&>", begin: 1, end: 1.5,
                newestCommit: "mae 3")
        ]
        record.processes = [.init(name: "server-0")]
        record.processes[0].ends = ["</td>"]
        record.processes[0].take(residentBytes: 1 << 20, descriptors: 9)
        record.commits = (0..<20).map { .init(stage: "mae", step: $0, seconds: Double($0)) }
        (record.seconds, record.medianStepSeconds, record.lostCommits) = (20, 1, 2)
        let html = LivePage(record).html
        #expect(html.contains("2 committed steps are lost"))
        let parser = XMLDocumentCheck(html.replacingOccurrences(of: "<!DOCTYPE html>", with: ""))
        #expect(parser.problem == nil)
    }

    @Test func aFaultIsChargedWithTheGapThatItMade() {
        var record = LiveRecord(plan: "p", seed: 1, servers: 1, trainers: 1)
        record.commits = [0, 1, 2, 7, 8, 9, 30, 31].enumerated().map {
            .init(stage: "mae", step: $0.offset, seconds: $0.element)
        }
        record.medianStepSeconds = 1
        func fault(_ begin: Double, _ end: Double) -> LiveRecord.FaultRecord {
            .init(
                number: 1, kind: .kill, target: "server-0", role: "server", note: "", begin: begin, end: end,
                newestCommit: "")
        }
        record.faults = [fault(2.5, 4), fault(8.5, 8.5), fault(31.5, 32)]
        record.measureFaults()
        #expect(record.faults.map(\.stalledSeconds) == [4, 20, 0])
        #expect(record.faults.map(\.recoverySeconds) == [3, 0.5, 0])
    }
}

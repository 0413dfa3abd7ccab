import Foundation
import MawsRecords
import MawsTraining
import MawsTransport
import MawsWire
import Testing

/// A process with a trainer's certificate that says something else of an evaluation than it computed: its fault is
/// charged to it, and the result is that of the others.
@Suite(.serialized, .timeLimit(.minutes(20))) struct FalseResultTests {
    @Test(arguments: ["{", "[]", #"[{"sample":1,"truth":0,"prediction":0,"score":1,"truthScore":1}]"#])
    func aResultThatIsNotItsUnitsSetsItsTrainerAsideAndTheRunEnds(_ result: String) throws {
        var run = try ClusterRun()
        (run.evaluates, run.trainers, run.maeSteps) = (true, 1, 20)
        let victim = try Victim(run)
        let insider = try Insider(victim, fingerprint: Insider.fingerprint(of: victim))
        while !run.hasEnded("lit"), victim.program.process.isRunning {
            try insider.connection.send(.heartbeat)
            Thread.sleep(forTimeInterval: 0.2)
        }
        let lied = try insider.answer(with: Array(result.utf8)) { victim.program.process.isRunning }
        #expect(try victim.program.wait() == 0, "\(victim.program.output) \(run.logs())")
        #expect(lied > 0)
        let log = try String(contentsOfFile: run.runFolder + "/logs/coordinator.log", encoding: .utf8)
        #expect(log.contains("is set aside for 5 s: the result of its unit "), "\(log)")
        let evaluations = try RunFolder(run.runFolder).classifications()
        #expect(evaluations.count == 2 && evaluations.allSatisfy { Set($0.samples.map(\.key)).count == 5000 })
    }
}

extension ClusterRun {
    fileprivate func hasEnded(_ stage: String) -> Bool {
        (try? RunFolder(runFolder).stages().contains { $0.stage == stage }) ?? false
    }
}

extension Insider {
    /// Answers every unit that it is leased with this, until the run is over. Returns how many they were.
    fileprivate func answer(with result: [UInt8], while isRunning: () -> Bool) throws -> Int {
        var count = 0
        try connection.send(.leaseRequest())
        while isRunning() {
            do {
                try connection.send(.heartbeat)
                guard case .leases(let leases) = try connection.receive(timeoutSeconds: 0.2).message else { continue }
                for lease in leases {
                    count += 1
                    var done = self.done(lease)
                    done.result = result
                    try connection.send(.unitDone(done))
                }
                try connection.send(.leaseRequest())
            } catch TransportError.timedOut {
                continue
            } catch {
                // The run is over.
                break
            }
        }
        return count
    }
}

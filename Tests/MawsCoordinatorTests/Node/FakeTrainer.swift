import Foundation
import MawsBase
import MawsCoordinator
import MawsData
import MawsPlan
import MawsProtocol
import MawsTraining
import MawsWire

/// A trainer that computes at once what it is leased, or says what a test wants it to say.
final class FakeTrainer {
    let name: String
    let certificate: String
    let fingerprint: String
    var profile: String
    var productRate = 0.0
    /// Says of a lease something else than that its unit is done; nil: that.
    var says: (Lease) -> Message? = { _ in nil }
    /// Changes what it says of a unit that is done.
    var changes: (inout UnitDone, Lease) -> Void = { _, _ in }
    /// Whether it asks for more when it has answered for what it had.
    var asks = true
    /// Leases that it was given, in their order.
    private(set) var leases: [Lease] = []
    private(set) var refusal: String?
    private(set) var end: (isFinished: Bool, reason: String)?

    init(_ name: String, certificate: String = "trainer", catalog: StageCatalog, profile: String) {
        (self.name, self.certificate, self.profile) = (name, certificate, profile)
        fingerprint = catalog.fingerprint
    }

    func hello(knowsData: Bool) -> Hello {
        Hello(
            protocolVersion: ProtocolVersion.current, role: .trainer, name: name, computeProfile: profile,
            dataFingerprint: knowsData ? fingerprint : "", server: nil, term: Term(0), productRate: productRate)
    }

    /// What it answers.
    /// - Parameter compute: gives the unit to the servers, and says what they and the evaluation make of it.
    func answer(_ message: Message, compute: (Lease) -> UnitDone) -> [Message] {
        switch message {
        case .welcome(let welcome) where !welcome.plan.isEmpty:
            return [.hello(hello(knowsData: true)), .leaseRequest()]
        case .leases(let batch):
            leases += batch
            let answers = batch.map { lease -> Message in
                if let said = says(lease) { return said }
                var done = compute(lease)
                changes(&done, lease)
                return .unitDone(done)
            }
            return answers + (asks ? [.leaseRequest()] : [])
        case .refused(let reason, _): refusal = reason
        case .shutdown(let isFinished, let reason): end = (isFinished, reason)
        default: break
        }
        return []
    }
}

/// What faithful workers of the fixture's evaluation say.
struct FakeResults {
    let catalog: StageCatalog
    /// The class that the probe predicts for every sample.
    var prediction = 0

    func result(_ lease: Lease) throws -> [UInt8] {
        let stage = catalog[lease.stage]
        guard let units = stage.evaluationUnits else { return [] }
        guard lease.phase == 0 else { return try probe(stage) }
        let (split, numbers) = units.samples(of: Int(lease.unit.value))
        guard split == stage.plan.splits.count - 1 else { return [] }
        return Array(try JSONEncoder().encode(Dictionary(uniqueKeysWithValues: numbers.map { ($0, "image \($0)") })))
    }

    private func probe(_ stage: StageCatalog.Stage) throws -> [UInt8] {
        let samples = (0..<12).map {
            ClassificationResult.Sample(
                sample: $0, truth: $0 % 2, prediction: prediction, score: 0.75, truthScore: 0.5)
        }
        let fit = ProbeFit(
            samples: 12, penalty: 1, iterations: 3, objective: 0.5, gradientMax: 1e-7, tolerance: 1e-6, converged: true)
        return Array(
            try JSONEncoder().encode(
                ClassificationResult(
                    stage: stage.plan.name, split: stage.plan.on, classNames: ["0", "1"], samples: samples,
                    fit: fit)))
    }
}

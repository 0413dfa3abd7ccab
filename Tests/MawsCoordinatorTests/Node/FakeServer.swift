import MawsBase
import MawsProtocol
import MawsWire

/// A server that does as it is told, at once. Its weights after a step are a function of those before and of the step
/// alone, as a real server's are.
final class FakeServer {
    private struct Place: Hashable {
        var block: Int
        var part: WeightPart
    }

    let shard: ShardIdentity
    let name: String
    let origin: UInt64
    /// Left for good where its machine is gone with its state file.
    private var runID = ""
    private var stage = StageIndex(0)
    private(set) var version = StepIndex(0)
    private var hasReduced = false
    private(set) var configuration: ServerConfiguration?
    private var values: [Place: [UInt8]] = [:]
    private var units: Set<UInt32> = []
    /// What it says of the norm of its gradient's chunks.
    var chunkSquare = 1.0
    var term = Term(0)
    /// Whether it answers for a checkpoint.
    var sendsSlices = true
    /// Whether it keeps a version beside the one in force.
    var keepsVersions = true
    private var frozen: (step: StepIndex, values: [Place: [UInt8]])?
    /// Whether it dies before it applies what it is told.
    var isDeafToCommits = false
    /// Bytes that it says were pushed to it in a step.
    var bytesPushed: UInt64 = 10

    init(_ index: Int, of count: Int = 2, origin: UInt64? = nil) {
        shard = ShardIdentity(index: index, count: count)
        name = "server-\(index)"
        self.origin = origin ?? UInt64(1000 + index)
    }

    var hello: Hello {
        Hello(
            protocolVersion: ProtocolVersion.current, role: .server, name: name, computeProfile: "",
            dataFingerprint: "",
            server: ServerHello(
                shard: shard, host: "10.0.0.\(shard.index + 1)", port: 7000, runID: runID, stage: stage, step: version,
                hasReduced: hasReduced), term: term, origin: origin)
    }

    private var reply: Reply { Reply(term: term, request: configuration?.request ?? .none) }

    /// The key of its receipts.
    var keys: ServerKeys { configuration?.keys ?? .none }

    /// What it answers.
    func answer(_ sent: FakeLine.Sent) -> [FakeLine.Sent] {
        switch sent.message {
        case .configure(let wanted): return configure(wanted)
        case .restore(let request, let slice) where request == configuration?.request:
            values[Place(block: Int(slice.block), part: slice.part)] = sent.payload
            return []
        case .restoreDone(let request, let stage, let step) where request == configuration?.request:
            return restored(stage, step)
        case .commit(let commit): return isDeafToCommits ? [] : apply(commit)
        case .snapshot where !sendsSlices: return []
        case .freeze(_, _, let step):
            frozen = keepsVersions ? (step, values) : nil
            return []
        case .thaw:
            frozen = nil
            return []
        case .snapshot(let request, let slice):
            let held = slice.step == version ? values : slice.step == frozen?.step ? frozen?.values : nil
            guard let held else {
                return [.init(message: .unavailable(Reply(term: term, request: request), "no copy"))]
            }
            let bytes = held[Place(block: Int(slice.block), part: slice.part)] ?? []
            return [.init(message: .snapshotSlice(Reply(term: term, request: request), slice), payload: bytes)]
        default: return []
        }
    }

    /// A unit's gradient arrives. Returns its report once all are there.
    func push(_ unit: UnitIndex) -> Message? {
        guard let configuration, configuration.optimizer != nil, !hasReduced else { return nil }
        units.insert(unit.value)
        guard units.count == Int(configuration.unitsPerStep) else { return nil }
        hasReduced = true
        return report
    }

    private var report: Message? {
        guard let table = configuration?.table else { return nil }
        let slices = ShardLayout(table: table, shard: shard).slices
        let chunks = table.blocks.indices.filter { table.blocks[$0].isTrainable }
            .reduce(0) { $0 + ShardLayout.chunkCount(slices[$1].count) }
        return .reduced(
            Reduced(
                reply, stage: stage, step: version, chunkSquares: Array(repeating: chunkSquare, count: chunks),
                bytesPushed: bytesPushed, bytesGathered: 20))
    }

    private func configure(_ wanted: ServerConfiguration) -> [FakeLine.Sent] {
        (configuration, term) = (wanted, wanted.term)
        guard wanted.keepsState else {
            (runID, values, units, hasReduced) = ("", [:], [], false)
            return [.init(message: .restoreRequest(reply, received: 0))]
        }
        if !wanted.keepsStep { (units, hasReduced) = ([], false) }
        let kept = hasReduced ? report : nil
        return [.restored(reply, stage: stage, step: version), kept].compactMap(\.self).map { .init(message: $0) }
    }

    private func restored(_ stage: StageIndex, _ step: StepIndex) -> [FakeLine.Sent] {
        guard let configuration else { return [] }
        (runID, self.stage, version) = (configuration.runID, stage, step)
        // Slots of zero are not sent.
        for (block, range) in slices where !range.isEmpty {
            for part in configuration.table.blocks[block].parts {
                let place = Place(block: block, part: part)
                let count = configuration.table.blocks[block].byteCount(part, slice: range) ?? 0
                if values[place] == nil { values[place] = Array(repeating: 0, count: count) }
            }
        }
        return [.init(message: .restored(reply, stage: stage, step: step))]
    }

    private func apply(_ commit: Commit) -> [FakeLine.Sent] {
        guard commit.stage == stage, commit.step == version, hasReduced, let configuration else { return [] }
        for (block, range) in slices where !range.isEmpty && configuration.table.blocks[block].isTrainable {
            for part in configuration.table.blocks[block].parts where !commit.isSkipped {
                let place = Place(block: block, part: part)
                values[place] = next(values[place] ?? [], commit)
            }
        }
        (version, units, hasReduced) = (version.next, [], false)
        return [.init(message: .applied(reply, stage: stage, step: version))]
    }

    /// Numbers of fp32, a function of what they were.
    private func next(_ bytes: [UInt8], _ commit: Commit) -> [UInt8] {
        var values = [Float](repeating: 0, count: bytes.count / 4)
        values.withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
        for index in values.indices {
            values[index] =
                values[index] * 0.5 + Float(index % 7) * Float(commit.clipScale) / Float(commit.step.value + 2)
        }
        return values.withUnsafeBytes { Array($0) }
    }

    private var slices: [(Int, Range<Int>)] {
        guard let table = configuration?.table else { return [] }
        return Array(ShardLayout(table: table, shard: shard).slices.enumerated()).map { ($0.offset, $0.element) }
    }
}

import MawsBase
import MawsCompression
import MawsProtocol
import MawsTransport
import MawsWire

/// AdamW with its ways to keep moments, and Nesterov's momentum in bf16 beside an average.
enum SampleOptimizer: CaseIterable {
    case fp32, bf16, int8, sgd

    var configuration: OptimizerConfiguration {
        self == .sgd
            ? OptimizerConfiguration(
                .sgd(momentum: 0.9, isNesterov: true), weightDecay: 0.05,
                average: AverageConfiguration(decay: 0.75), seed: 7)
            : OptimizerConfiguration(.adamw(beta1: 0.9, beta2: 0.95, epsilon: 1e-8), weightDecay: 0.05, seed: 7)
    }

    var slots: [WeightSlot] {
        switch self {
        case .fp32: configuration.slots(moments: .fp32)
        case .bf16, .sgd: configuration.slots(moments: .bf16)
        case .int8: configuration.slots(moments: .int8)
        }
    }
}

/// A trainer's requests of these tests, and what their answers say under the first term.
let request = RequestNumber(0x5EED)
let reply = Reply(term: Term(1), request: request)

/// A small table, weights and gradients that are functions of their indices.
struct SampleModel {
    static let units = 5
    let encoding: TensorEncoding
    let optimizer: SampleOptimizer
    let table: BlockTable
    /// Gradients are zero but for some rows, most of them other ones in every unit.
    let isSparse: Bool

    /// - Parameter width: of the largest matrix, which has 2000 rows.
    init(
        encoding: TensorEncoding = .fp32, optimizer: SampleOptimizer = .fp32, width: Int = 9, isSparse: Bool = false
    ) {
        self.optimizer = optimizer
        self.encoding = encoding
        self.isSparse = isSparse
        let blocks: [ParameterBlock] = [
            ("position", false, [5000]), ("block.0", true, [2000, width]), ("norm", true, [100]),
            ("head", true, [9000]),
        ].map { name, isTrainable, shape in
            var builder = BlockBuilder(name, isTrainable: isTrainable)
            builder.add("\(name).weight", shape, decays: true, .zeros)
            builder.add("\(name).bias", [11], decays: false, .zeros)
            return builder.build()
        }
        table = BlockTable(blocks: blocks, slots: optimizer.slots)
    }

    var parts: [(block: Int, part: WeightPart)] {
        table.blocks.indices.flatMap { block in table.blocks[block].parts.map { (block, $0) } }
    }

    var trainedBlocks: [Int] { table.blocks.indices.filter { table.blocks[$0].isTrainable } }

    func configuration(keepsState: Bool, keepsStep: Bool = true, term: UInt64) -> ServerConfiguration {
        ServerConfiguration(
            term: Term(term), runID: "run", stage: StageIndex(0), table: table, unitsPerStep: UInt32(Self.units),
            optimizer: optimizer.configuration, gatherEncoding: encoding, keepsState: keepsState, keepsStep: keepsStep,
            sharedRows: SharedRowsShape(units: UInt32(Self.units), pieceBytes: 8, piecesMin: 1, piecesMax: 1),
            keys: Self.keys)
    }

    static let keys = ServerKeys(
        lease: AuthenticationCode(bytes: Array(repeating: 1, count: 32)),
        ring: AuthenticationCode(bytes: Array(repeating: 2, count: 32)), own: .none)

    /// A lease of all units of a step; in phase 0 for rows.
    static func grant(
        step: UInt64, term: UInt64 = 1, phase: UInt32 = 1, mayBeNonFinite: Bool = false, holder: String = "trainer"
    ) -> LeaseGrant {
        LeaseSeal(key: keys.lease).grant(
            (Term(term), StageIndex(0), StepIndex(step)), phase: phase, first: UnitIndex(0), count: units,
            mayBeNonFinite: mayBeNonFinite, holder: holder)
    }

    static func flush(unit: Int, step: UInt64, term: UInt64 = 1, grant: LeaseGrant? = nil) -> Flush {
        Flush(
            term: Term(term), stage: StageIndex(0), step: StepIndex(step), unit: UnitIndex(UInt32(unit)),
            grant: grant ?? Self.grant(step: step, term: term))
    }

    /// A weight before the first step.
    func start(_ block: Int, _ element: Int) -> Float { random(stage: 1, step: 0, block: block, element: element) }

    /// A slice before the first step, as it is kept; slots are zero, averages the weights.
    func start(_ part: WeightPart, _ block: Int, _ slice: Range<Int>) -> [UInt8] {
        if part == .weight || part == .slot("ema") {
            return slice.map { start(block, $0) }.withUnsafeBytes(Array.init)
        }
        return [UInt8](repeating: 0, count: table.blocks[block].byteCount(part, slice: slice) ?? 0)
    }

    func gradient(step: UInt64, unit: Int, block: Int, slice: Range<Int>) -> [Float] {
        slice.map { element in
            if isSparse {
                let row = element / 9
                guard row % 50 == 7 || (row + 3 * unit) % 31 < (block == 1 ? 4 : 25) else { return 0 }
                if element % 13 == 0 { return -0.0 }
            }
            return random(stage: UInt32(2 + unit), step: step, block: block, element: element) * Float(1 << (unit * 3))
        }
    }

    private func random(stage: UInt32, step: UInt64, block: Int, element: Int) -> Float {
        var random = CounterRandom(
            seed: UInt64(block), purpose: .test, stage: stage, step: step, element: UInt64(element))
        return random.uniform() - 0.5
    }

    /// Pushes units' gradients of some blocks, and waits until the shard has them.
    /// - Parameter other: step whose values are pushed instead of its own.
    func push(
        _ pushes: [(unit: Int, block: Int)], step: UInt64, to server: ServerLink, over connection: Connection,
        term: UInt64 = 1, other: UInt64? = nil
    ) throws {
        for (unit, block) in pushes {
            let values = gradient(
                step: other ?? step, unit: unit, block: block, slice: server.layout(table).slices[block])
            let push = Push(
                term: Term(term), stage: StageIndex(0), step: StepIndex(step), unit: UnitIndex(UInt32(unit)),
                block: UInt32(block), encoding: encoding, grant: Self.grant(step: step, term: term))
            let payload = values.withUnsafeBytes { TensorCodec.encode($0, as: encoding) }
            try payload.withUnsafeBytes { try connection.send(.push(push), payload: $0) }
        }
        // Any answer says that all before it was taken in.
        try connection.send(.linkRequest(origin: 0))
        guard case .linkState = try connection.receive(timeoutSeconds: 120).message else {
            throw TransportError.closed(peer: "no answer")
        }
    }
}

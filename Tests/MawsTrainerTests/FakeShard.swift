import Foundation
import MawsBase
import MawsCompression
import MawsTensor
import MawsTransport
import MawsWire
import Synchronization

/// A server that keeps what it is told and answers as the protocol says, over real TLS on loopback.
final class FakeShard: Sendable {
    struct PushKey: Hashable {
        var unit: UInt32
        var block: UInt32
    }

    /// What it does wrong, on purpose.
    enum Fault: Hashable {
        /// Ends the connection after this many gathers.
        case diesAfterGathers(Int)
        /// Never answers a gather after this many.
        case silentAfterGathers(Int)
        /// Ends this connection, once, and serves the next one.
        case cutsLineAfterGathers(Int)
        case declinesGathers
        /// Every slice comes twice.
        case repeatsAnswers
        /// Its answers say another term than the trainer's.
        case worksUnderTerm(UInt64)
        case ignoresFlush
        /// Its end of a line is gone and the trainer's is not: no gather after this many is answered, and the line is
        /// unknown when it is asked about. Other lines are as they should be.
        case forgetsLineAfterGathers(Int)
    }

    struct State {
        var pushes: [PushKey: [Float]] = [:]
        /// The levels of the pushes.
        var levels: Set<UInt8> = []
        var sharedRows: [UInt32: [Float]] = [:]
        var terms: Set<UInt64> = []
        var gathers = 0
        var fault: Fault?
        var connections: [Connection] = []
    }

    let shard: ShardIdentity
    let state = Mutex(State())
    private let listener: Listener
    private let runID: String
    private let layouts: [UInt32: ShardLayout]
    /// Whole blocks, by stage.
    private let weights: [UInt32: [FloatBuffer]]
    private let encoding: TensorEncoding

    init(
        _ shard: ShardIdentity, run: TinyRun, weights: [UInt32: [FloatBuffer]], encoding: TensorEncoding = .fp32,
        fault: Fault? = nil
    ) throws {
        self.shard = shard
        self.weights = weights
        self.encoding = encoding
        runID = "run"
        layouts = weights.mapValues { ShardLayout(blockCounts: $0.map(\.count), shard: shard) }
        listener = try Listener(
            host: "127.0.0.1", port: 0, identity: run.identity(.server), allowedRoles: [.trainer])
        state.withLock { $0.fault = fault }
        let thread = Thread { [self] in
            while let connection = try? listener.accept() {
                state.withLock { $0.connections.append(connection) }
                Thread { [self] in
                    try? serve(connection)
                    connection.close()
                }.start()
            }
        }
        thread.start()
    }

    var address: ServerAddress { ServerAddress(shard: shard, host: "127.0.0.1", port: listener.port) }

    func close() {
        listener.close()
        for connection in state.withLock({ $0.connections }) { connection.close() }
    }

    /// The shards of one run of `count` servers.
    static func cluster(
        _ count: Int, run: TinyRun, weights: [UInt32: [FloatBuffer]], encoding: TensorEncoding = .fp32
    ) throws -> [FakeShard] {
        try (0..<count).map { index in
            try FakeShard(
                ShardIdentity(index: index, count: count), run: run, weights: weights, encoding: encoding)
        }
    }

    /// The gradient of one unit, put together from all shards' slices.
    static func gradient(_ shards: [FakeShard], stage: StageIndex, unit: UInt32, block: Int) -> [Float]? {
        guard let count = shards.first?.weights[stage.value]?[block].count else { return nil }
        var whole = [Float](repeating: .nan, count: count)
        for shard in shards {
            guard let slice = shard.layouts[stage.value]?.slices[block], !slice.isEmpty else { continue }
            let key = PushKey(unit: unit, block: UInt32(block))
            guard let pushed = shard.state.withLock({ $0.pushes[key] }) else { return nil }
            whole.replaceSubrange(slice, with: pushed)
        }
        return whole
    }

    private func serve(_ connection: Connection) throws {
        try connection.handshake(timeoutSeconds: 120)
        guard case .hello(let hello) = try connection.receive(timeoutSeconds: 120).message else { return }
        state.withLock { _ = $0.terms.insert(hello.term.value) }
        let term = hello.term
        try connection.send(.welcome(Welcome(term: hello.term, plan: [], runID: runID)))
        while true {
            let incoming = try connection.receive(timeoutSeconds: 60)
            guard try answer(incoming, connection, term) else { return }
        }
    }

    /// False when the connection ends.
    private func answer(_ incoming: Incoming, _ connection: Connection, _ term: Term) throws -> Bool {
        switch incoming.message {
        case .gather(let request, let stage, let step, let block):
            return try gather(Reply(term: term, request: request), stage, step, block, connection)
        case .push(let push):
            let bytes = try payload(incoming, connection)
            let slice = layouts[push.stage.value]?.slices[Int(push.block)] ?? 0..<0
            let values = FloatBuffer(count: slice.count)
            try bytes.withUnsafeBytes { try TensorCodec.decode($0, as: push.encoding, into: values.bytes) }
            state.withLock { state in
                state.pushes[PushKey(unit: push.unit.value, block: push.block)] = values.array
                state.levels.insert(push.level)
            }
        case .shareRows(let unitRows, _):
            let bytes = try payload(incoming, connection)
            let values = FloatBuffer(count: bytes.count / 4)
            values.bytes.copyBytes(from: bytes)
            state.withLock { $0.sharedRows[unitRows.unit.value] = values.array }
        case .linkRequest(let origin):
            let isForgotten = if case .forgetsLineAfterGathers = state.withLock({ $0.fault }) { true } else { false }
            state.withLock { $0.fault = isForgotten ? nil : $0.fault }
            try connection.send(
                .linkState(
                    Reply(term: term, request: RequestNumber(origin)),
                    LinkState(isOpen: !isForgotten, isHeldUp: false, bytesReceived: 0, bytesSent: 0)))
        case .flush(let request, _):
            if state.withLock({ $0.fault }) == .ignoresFlush { return true }
            try connection.send(.flushed(Reply(term: term, request: request)))
        case .gatherRows(let request, let stage, let step):
            let reply = Reply(term: term, request: request)
            for (unit, rows) in state.withLock({ $0.sharedRows }).sorted(by: { $0.key < $1.key }) {
                let unitRows = UnitRows(term: term, stage: stage, step: step, unit: UnitIndex(unit))
                try rows.withUnsafeBytes { try connection.send(.sharedRows(reply, unitRows), payload: $0) }
            }
            try connection.send(.flushed(reply))
        default:
            return false
        }
        return true
    }

    private func gather(
        _ reply: Reply, _ stage: StageIndex, _ step: StepIndex, _ block: UInt32, _ connection: Connection
    ) throws -> Bool {
        let (fault, gathers) = state.withLock { state in
            state.gathers += 1
            return (state.fault, state.gathers)
        }
        switch fault {
        case .diesAfterGathers(let count) where gathers > count:
            close()
            return false
        case .silentAfterGathers(let count) where gathers > count: return true
        case .forgetsLineAfterGathers(let count) where gathers > count: return true
        case .cutsLineAfterGathers(let count) where gathers > count:
            state.withLock { $0.fault = nil }
            return false
        case .declinesGathers:
            try connection.send(.unavailable(reply, "version \(step.value) is not here"))
            return true
        default: break
        }
        guard let blocks = weights[stage.value], let slice = layouts[stage.value]?.slices[Int(block)] else {
            return false
        }
        let bytes = TensorCodec.encode(
            UnsafeRawBufferPointer(blocks[Int(block)].bytes(of: slice)), as: encoding)
        var said = reply
        if case .worksUnderTerm(let term) = fault { said.term = Term(term) }
        for _ in 0..<(fault == .repeatsAnswers ? 2 : 1) {
            try bytes.withUnsafeBytes {
                try connection.send(
                    .gathered(said, stage: stage, step: step, block: block, encoding: encoding), payload: $0)
            }
        }
        return true
    }

    private func payload(_ incoming: Incoming, _ connection: Connection) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: incoming.payloadCount)
        if !bytes.isEmpty { try bytes.withUnsafeMutableBytes { try connection.receivePayload(into: $0) } }
        return bytes
    }
}

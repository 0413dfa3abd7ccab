import MawsBase
import MawsCompression
import MawsModel
import MawsProtocol
import MawsSum
import MawsTensor
import MawsTraining
import MawsWire

/// Takes the gradients of a unit, or of neighbouring ones as one sum, to the shards while the backward pass goes on.
///
/// `push` copies a block's slices for the shards' threads and returns; it waits only when too many bytes are under way.
package final class GradientPusher: GradientSink {
    private let lease: Lease
    private let level: UInt8
    private let layouts: [ShardLayout]
    private let encoding: TensorEncoding
    private let cancellation: Cancellation
    private let meter: WaitMeter
    private let task: ShardTask
    private let bytesInFlightMax: Int
    private let staging: StagingBuffers
    /// What the shards said to all that was sent, after `flush`.
    package private(set) var outcome = FlushOutcome()

    /// - Parameters:
    ///   - lease: of the first unit.
    ///   - level: 2^level units are pushed as one.
    ///   - staging: memory of the units before.
    package init(
        _ lease: Lease, level: Int = 0, table: BlockTable, encoding: TensorEncoding, links: ShardLinks,
        cancellation: Cancellation, meter: WaitMeter, staging: StagingBuffers = StagingBuffers(),
        bytesInFlightMax: Int = MemoryChoice.pushBytesMax
    ) throws {
        self.staging = staging
        self.lease = lease
        self.level = UInt8(level)
        self.encoding = encoding
        self.cancellation = cancellation
        self.meter = meter
        let count = try links.shardCount()
        layouts = (0..<count).map { ShardLayout(table: table, shard: ShardIdentity(index: $0, count: count)) }
        self.bytesInFlightMax = bytesInFlightMax
        task = links.open(.push)
    }

    package func push(_ block: Int, _ gradient: FloatBuffer) throws {
        try cancellation.check()
        let push = ExchangeQuestion.push(describe(block, encoding))
        for layout in layouts where !layout.slices[block].isEmpty {
            let slice = layout.slices[block]
            let byteCount = slice.count * MemoryLayout<Float>.stride
            try waitForRoom(byteCount)
            let copy = staging.take(slice.count)
            copy.all.copy(from: FloatSlice(gradient, offset: slice.lowerBound, count: slice.count))
            task.ask(layout.shard.index, push, byteCount: byteCount, payload: .copy(copy, encoding, staging))
        }
    }

    /// As runs, whatever the plan's encoding, where that is shorter.
    package func push(_ block: Int, _ gradient: SparseGradient) throws {
        guard gradient.valueCount + 2 * gradient.pieces.count < gradient.count / 2 else {
            return try push(block, gradient.dense())
        }
        try cancellation.check()
        let push = ExchangeQuestion.push(describe(block, .fp32Runs))
        for layout in layouts where !layout.slices[block].isEmpty {
            let slice = gradient.slice(layout.slices[block])
            let payload = TensorCodec.encode(
                count: slice.count,
                runs: slice.pieces.map { ($0.range.lowerBound, UnsafeRawBufferPointer($0.values.bytes)) })
            try waitForRoom(payload.count)
            task.ask(layout.shard.index, push, byteCount: payload.count, payload: .bytes(payload))
        }
    }

    private func describe(_ block: Int, _ encoding: TensorEncoding) -> Push {
        Push(
            term: lease.term, stage: lease.stage, step: lease.step, unit: lease.unit, level: level,
            block: UInt32(block), encoding: encoding, grant: lease.grant)
    }

    /// Gives the unit's rows to the shard that keeps them for all others of the step.
    package func shareRows(_ rows: [Float]) throws {
        let unitRows = UnitRows(term: lease.term, stage: lease.stage, step: lease.step, unit: lease.unit)
        let byteCount = rows.count * MemoryLayout<Float>.stride
        try waitForRoom(byteCount)
        task.ask(
            Int(lease.unit.value) % layouts.count, .shareRows(unitRows, lease.grant), byteCount: byteCount,
            payload: .copy(FloatBuffer(rows), .fp32, nil))
    }

    /// Returns when every shard has what was sent to it.
    package func flush() throws {
        let flush = Flush(
            term: lease.term, stage: lease.stage, step: lease.step, unit: lease.unit, level: level, grant: lease.grant)
        task.flush(flush)
        outcome = try meter.measure { try task.wait() }
    }

    private func waitForRoom(_ byteCount: Int) throws {
        try meter.measure { try task.waitForRoom(byteCount: byteCount, byteCountMax: bytesInFlightMax) }
    }
}

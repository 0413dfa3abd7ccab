import MawsBase
import MawsCompression
import MawsModel
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
    private let links: ShardLinks
    private let cancellation: Cancellation
    private let meter: WaitMeter
    private let ticket: PushTicket
    private let staging: StagingBuffers
    /// Whether anything went to the shard of this index.
    private var isTouched: [Bool]
    private var hasPushed = false

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
        self.links = links
        self.cancellation = cancellation
        self.meter = meter
        let count = try links.shardCount()
        layouts = (0..<count).map { ShardLayout(table: table, shard: ShardIdentity(index: $0, count: count)) }
        ticket = PushTicket(bytesInFlightMax: bytesInFlightMax)
        isTouched = Array(repeating: false, count: count)
    }

    package func push(_ block: Int, _ gradient: FloatBuffer) throws {
        try cancellation.check()
        hasPushed = true
        let message = message(block, encoding)
        for layout in layouts where !layout.slices[block].isEmpty {
            let slice = layout.slices[block]
            try reserve(slice.count * MemoryLayout<Float>.stride)
            let copy = staging.take(slice.count)
            copy.all.copy(from: FloatSlice(gradient, offset: slice.lowerBound, count: slice.count))
            let job = SendJob(message, copy, encoding: encoding, ticket: ticket, staging: staging)
            try submit(job, to: layout.shard.index)
        }
    }

    /// As runs, whatever the plan's encoding, where that is shorter.
    package func push(_ block: Int, _ gradient: SparseGradient) throws {
        guard gradient.valueCount + 2 * gradient.pieces.count < gradient.count / 2 else {
            return try push(block, gradient.dense())
        }
        try cancellation.check()
        hasPushed = true
        let message = message(block, .fp32Runs)
        for layout in layouts where !layout.slices[block].isEmpty {
            let slice = gradient.slice(layout.slices[block])
            let payload = TensorCodec.encode(
                count: slice.count,
                runs: slice.pieces.map { ($0.range.lowerBound, UnsafeRawBufferPointer($0.values.bytes)) })
            try reserve(payload.count)
            try submit(SendBytesJob(message, payload, ticket: ticket), to: layout.shard.index)
        }
    }

    private func message(_ block: Int, _ encoding: TensorEncoding) -> Message {
        .push(
            Push(
                term: lease.term, stage: lease.stage, step: lease.step, unit: lease.unit, level: level,
                block: UInt32(block), encoding: encoding, grant: lease.grant))
    }

    /// Gives the unit's rows to the shard that keeps them for all others of the step.
    package func post(_ rows: [Float]) throws {
        let message = Message.post(
            Post(term: lease.term, stage: lease.stage, step: lease.step, unit: lease.unit), lease.grant)
        try reserve(rows.count * MemoryLayout<Float>.stride)
        let job = SendJob(message, FloatBuffer(rows), encoding: .fp32, ticket: ticket, staging: nil)
        try submit(job, to: Int(lease.unit.value) % layouts.count)
    }

    /// What the shards said to all that was sent, after `flush`.
    package var outcome: FlushOutcome { ticket.outcome }

    /// Returns when every shard has what was sent to it.
    package func flush() throws {
        let flush = Flush(
            term: lease.term, stage: lease.stage, step: lease.step, unit: lease.unit, level: level, grant: lease.grant)
        // A gradient goes to every shard, and one that has no part of it says so; a post goes to one shard.
        for shard in isTouched.indices where isTouched[shard] || hasPushed {
            ticket.flushing()
            try links.push(shard, FlushJob(flush, ticket: ticket))
        }
        try meter.measure { try ticket.waitFlushed(patienceSeconds: patienceSeconds) }
    }

    /// More than any of the shards' threads takes to find out that its shard is silent.
    private var patienceSeconds: Double { links.timeouts.connectSeconds + 2 * links.timeouts.answerSeconds }

    private func reserve(_ bytes: Int) throws {
        try meter.measure { try ticket.reserve(bytes, patienceSeconds: patienceSeconds) }
    }

    private func submit(_ job: any ShardJob, to shard: Int) throws {
        isTouched[shard] = true
        try links.push(shard, job)
    }
}

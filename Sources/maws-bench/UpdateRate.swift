import ArgumentParser
import MawsBase
import MawsOptimizer
import MawsProcess
import MawsTensor

/// `maws-bench update`: what a server does with a gradient, without network or disk.
struct UpdateRate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Measure the update and the addition of units on a server's threads.")

    @Option(help: "Threads, as `maws-ps --threads`.")
    var threads = 1

    @Option(help: "Millions of weights in the shard.")
    var millions = 64

    @Option(help: "Seconds a figure is measured for.")
    var seconds = 3.0

    func validate() throws {
        guard threads > 0 && millions > 0 else { throw ValidationError("--threads and --millions are at least 1") }
    }

    func run() throws {
        for kind in UpdateKind.all {
            let shard = BenchShard(count: millions << 20, kind, threads: UpdateThreads(threads: threads))
            // Weights, slots and the gradient are read; weights and slots are written.
            let bytes = 12 + 2 * shard.slotWidth
            report(kind.name, bytes: bytes, shard.count) { shard.update() }
            // As a server does it: a chunk at a time, what it changes copied before; then with checksums.
            report("journaled-\(kind.name)", bytes: bytes, shard.count) { shard.updateChunks(areChecked: false) }
            report("checked-\(kind.name)", bytes: bytes, shard.count) { shard.updateChunks(areChecked: true) }
            if kind.name != UpdateKind.all[0].name { continue }
            report("add-units", bytes: 12, shard.count) { shard.add() }
            report("chunk-squares", bytes: 4, shard.count) { shard.square() }
            report("chunk-checksums", bytes: 4, shard.count) { shard.check() }
        }
    }

    private func report(_ name: String, bytes: Int, _ count: Int, _ body: () -> Void) {
        body()
        let start = Moment.now()
        var rounds = 0
        while Moment.now().seconds(since: start) < seconds {
            body()
            rounds += 1
        }
        let rate = Double(rounds * count) / Moment.now().seconds(since: start)
        Console.say("figure=\(name) value=\(Int(rate / 1e6)) unit=Melements/s")
        Console.say("figure=\(name)-bytes value=\(Double(Int(rate * Double(bytes) / 1e7)) / 100) unit=GB/s")
    }
}

/// An optimizer, and how it keeps its moments.
private struct UpdateKind {
    let name: String
    let optimizer: OptimizerConfiguration
    let moments: MomentEncoding

    private static let adamw = OptimizerRule.adamw(beta1: 0.9, beta2: 0.95, epsilon: 1e-8)
    private static let nesterov = OptimizerRule.sgd(momentum: 0.9, isNesterov: true)
    private static let plain = OptimizerRule.sgd(momentum: 0, isNesterov: false)

    /// AdamW and SGD with each way to keep moments, plain SGD, and AdamW beside an average.
    static let all =
        MomentEncoding.allCases.map { UpdateKind("adamw-\($0)", adamw, $0) }
        + MomentEncoding.allCases.map { UpdateKind("sgd-\($0)", nesterov, $0) }
        + [
            UpdateKind("sgd-plain", plain, .fp32),
            UpdateKind("adamw-fp32-ema", adamw, .fp32, average: AverageConfiguration(decay: 0.9999)),
        ]

    private init(
        _ name: String, _ rule: OptimizerRule, _ moments: MomentEncoding, average: AverageConfiguration? = nil
    ) {
        self.name = name
        self.moments = moments
        optimizer = OptimizerConfiguration(rule, weightDecay: 0.05, average: average)
    }
}

/// One block of `count` weights in two banks, as a server has them: the next version takes the gradient's place.
private final class BenchShard {
    let count: Int
    private let threads: UpdateThreads
    private let table: BlockTable
    private let optimizer: WeightUpdate
    private let banks: [FloatBuffer]
    private let memories: [FloatBuffer]
    private let slots: [SlotSlice]
    /// Each thread's room for a copy of what a chunk changes.
    private let lanes: [FloatBuffer]
    private var step: UInt64 = 0
    private static let chunk = ShardLayout.chunkLength

    /// Bytes of a weight's codes in all slots.
    var slotWidth: Int { slots.reduce(0) { $0 + $1.layout.encoding.codeWidth } }

    init(count: Int, _ kind: UpdateKind, threads: UpdateThreads) {
        self.count = count
        self.threads = threads
        optimizer = WeightUpdate(kind.optimizer)
        var builder = BlockBuilder("weights")
        builder.add("weights", [count], decays: true, .zeros)
        let table = BlockTable(blocks: [builder.build()], slots: kind.optimizer.slots(moments: kind.moments))
        self.table = table
        banks = (0..<2).map { _ in FloatBuffer(count: count) }
        let block = table.blocks[0]
        memories = block.slots.map {
            FloatBuffer(count: (SlotLayout(block, $0.encoding).byteCount(0..<count) + 3) / 4)
        }
        slots = zip(block.slots, memories).map {
            SlotSlice($0, of: block, slice: 0..<count, memory: UnsafeMutableRawPointer($1.pointer))
        }
        lanes = (0..<UpdateThreads.lanesMax).map { _ in FloatBuffer(count: 5 * Self.chunk) }
        for bank in banks { bank.pointer.update(repeating: 1e-3, count: count) }
    }

    func update() {
        let pieces = UpdateThreads.pieces(of: 0..<count)
        let (weights, next) = (banks[Int(step % 2)].pointer, banks[1 - Int(step % 2)].pointer)
        threads.forEach(pieces.count) { index, _ in
            let start = pieces[index].lowerBound
            optimizer.update(
                0, of: table, range: pieces[index], step: StepIndex(step), learningRate: 1e-4, clipScale: 1,
                weights: weights + start, gradient: next + start, next: next + start, slots: slots)
        }
        step += 1
    }

    /// Chunk by chunk, under a journal in memory; checksums of all that goes in and of all that comes out.
    func updateChunks(areChecked: Bool) {
        let pieces = UpdateThreads.pieces(of: 0..<count)
        threads.forEach(pieces.count) { index, lane in
            for start in stride(from: pieces[index].lowerBound, to: pieces[index].upperBound, by: Self.chunk) {
                updateChunk(start..<min(start + Self.chunk, count), lane: lane, isChecked: areChecked)
            }
        }
        step += 1
    }

    private func updateChunk(_ range: Range<Int>, lane: Int, isChecked: Bool) {
        let (weights, next) = (banks[Int(step % 2)], banks[1 - Int(step % 2)])
        let changing =
            [next.slice(range)]
            + zip(slots, memories).flatMap { slot, memory in
                [slot.layout.scaleBytes(of: range, in: 0..<count), slot.layout.codeBytes(of: range, in: 0..<count)]
                    .filter { !$0.isEmpty }.map { memory.slice($0.lowerBound / 4..<$0.upperBound / 4) }
            }
        if isChecked { for part in [weights.slice(range)] + changing { keep(part, lane) } }
        var copied = 16
        for part in changing {
            lanes[lane].slice(copied..<copied + part.count).copy(from: part)
            copied += part.count
        }
        optimizer.update(
            0, of: table, range: range, step: StepIndex(step), learningRate: 1e-4, clipScale: 1,
            weights: weights.pointer + range.lowerBound, gradient: next.pointer + range.lowerBound,
            next: next.pointer + range.lowerBound, slots: slots)
        if isChecked { for part in changing { keep(part, lane) } }
    }

    func check() {
        let pieces = UpdateThreads.pieces(of: 0..<count)
        threads.forEach(pieces.count) { index, lane in
            for start in stride(from: pieces[index].lowerBound, to: pieces[index].upperBound, by: Self.chunk) {
                keep(banks[0].slice(start..<min(start + Self.chunk, count)), lane)
            }
        }
    }

    /// Checksums must not be thrown away by the compiler.
    private func keep(_ part: FloatSlice, _ lane: Int) {
        lanes[lane][0] = Float(CRC32C.checksum(part.bytes.bytes))
    }

    func add() { threads.add(banks[1], into: banks[0]) }

    func square() { _ = threads.chunkSquares(banks[0].pointer, count: count) }
}

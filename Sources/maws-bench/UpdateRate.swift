import ArgumentParser
import MawsBase
import MawsOptimizer
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
        for moments in MomentEncoding.allCases {
            let shard = BenchShard(count: millions << 20, moments, threads: UpdateThreads(threads: threads))
            // Weights, both moments and the gradient are read; weights and moments are written.
            let bytes = 12 + 4 * moments.codeWidth
            report("adamw-\(moments)", bytes: bytes, shard.count) { shard.update() }
            // As a server does it: a chunk at a time, what it changes copied before; then with checksums.
            report("journaled-\(moments)", bytes: bytes, shard.count) { shard.updateChunks(areChecked: false) }
            report("checked-\(moments)", bytes: bytes, shard.count) { shard.updateChunks(areChecked: true) }
            if moments != .fp32 { continue }
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
        print("figure=\(name) value=\(Int(rate / 1e6)) unit=Melements/s")
        print("figure=\(name)-bytes value=\(Double(Int(rate * Double(bytes) / 1e7)) / 100) unit=GB/s")
    }
}

/// One block of `count` weights in two banks, as a server has them: the next version takes the gradient's place.
private final class BenchShard {
    let count: Int
    private let threads: UpdateThreads
    private let table: BlockTable
    private let optimizer = AdamW(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.05)
    private let banks: [FloatBuffer]
    private let moments: [FloatBuffer]
    private let layout: MomentLayout
    /// Each thread's room for a copy of what a chunk changes.
    private let lanes: [FloatBuffer]
    private var step: UInt64 = 0
    private static let chunk = ShardLayout.chunkLength

    init(count: Int, _ encoding: MomentEncoding, threads: UpdateThreads) {
        self.count = count
        self.threads = threads
        var builder = BlockBuilder("weights")
        builder.add("weights", [count], decays: true, .zeros)
        table = BlockTable(blocks: [builder.build()], moments: encoding)
        layout = MomentLayout(table.blocks[0], encoding)
        banks = (0..<2).map { _ in FloatBuffer(count: count) }
        let bytes = layout.byteCount(0..<count)
        moments = (0..<2).map { _ in FloatBuffer(count: (bytes + 3) / 4) }
        lanes = (0..<UpdateThreads.lanesMax).map { _ in FloatBuffer(count: 4 * Self.chunk) }
        for bank in banks { bank.pointer.update(repeating: 1e-3, count: count) }
    }

    func update() {
        let pieces = UpdateThreads.pieces(of: 0..<count)
        let (weights, next) = (banks[Int(step % 2)].pointer, banks[1 - Int(step % 2)].pointer)
        let state = MomentSlice(layout, slice: 0..<count, first: moments[0].pointer, second: moments[1].pointer)
        threads.forEach(pieces.count) { index, _ in
            let start = pieces[index].lowerBound
            optimizer.update(
                0, of: table, range: pieces[index], step: StepIndex(step), learningRate: 1e-4, clipScale: 1,
                weights: weights + start, gradient: next + start, next: next + start, moments: state)
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
        let state = MomentSlice(layout, slice: 0..<count, first: moments[0].pointer, second: moments[1].pointer)
        let parts = [layout.scaleBytes(of: range, in: 0..<count), layout.codeBytes(of: range, in: 0..<count)]
        let changing =
            [next.slice(range)]
            + parts.filter { !$0.isEmpty }.flatMap { part in
                moments.map { $0.slice(part.lowerBound / 4..<part.upperBound / 4) }
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
            next: next.pointer + range.lowerBound, moments: state)
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

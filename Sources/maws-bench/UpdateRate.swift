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
        let shard = BenchShard(count: millions << 20, threads: UpdateThreads(threads: threads))
        // A weight of a bank, both moments and the gradient are read; the other bank's three are written.
        report("adamw", bytes: 28, shard.count) { shard.update() }
        report("add-units", bytes: 12, shard.count) { shard.add() }
        report("chunk-squares", bytes: 4, shard.count) { shard.square() }
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

/// Two banks and two gradients of one block of `count` weights.
private final class BenchShard {
    let count: Int
    private let threads: UpdateThreads
    private let block: ParameterBlock
    private let optimizer = AdamW(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.05)
    private let gradients: [FloatBuffer]
    private let banks: [[FloatBuffer]]
    private var step: UInt64 = 0

    init(count: Int, threads: UpdateThreads) {
        self.count = count
        self.threads = threads
        var builder = BlockBuilder("weights")
        builder.add("weights", [count], decays: true, .zeros)
        block = builder.build()
        gradients = (0..<2).map { _ in FloatBuffer(count: count) }
        banks = (0..<2).map { _ in (0..<3).map { _ in FloatBuffer(count: count) } }
        for gradient in gradients { gradient.pointer.update(repeating: 1e-3, count: count) }
    }

    func update() {
        let pieces = UpdateThreads.pieces(of: 0..<count)
        threads.forEach(pieces.count) { index in
            let start = pieces[index].lowerBound
            optimizer.update(
                block: block, range: pieces[index], step: StepIndex(step), learningRate: 1e-4, clipScale: 1,
                gradient: gradients[0].pointer + start, from: slice(Int(step % 2), start),
                to: slice(1 - Int(step % 2), start))
        }
        step += 1
    }

    func add() { threads.add(gradients[1], into: gradients[0]) }

    func square() { _ = threads.chunkSquares(gradients[0].pointer, count: count) }

    private func slice(_ bank: Int, _ start: Int) -> AdamWSlice {
        AdamWSlice(
            weights: banks[bank][0].pointer + start, firstMoment: banks[bank][1].pointer + start,
            secondMoment: banks[bank][2].pointer + start)
    }
}

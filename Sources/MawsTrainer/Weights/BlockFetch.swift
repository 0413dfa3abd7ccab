import MawsBase
import MawsTensor
import MawsTransport
import MawsWire

/// One block of one version on its way from the shards.
final class BlockFetch: Sendable {
    private struct State {
        var missingSlices: Int
        var error: (any Error)?
    }

    let block: Int
    let step: StepIndex
    /// The whole block. Whoever holds the fetch keeps the memory, so a slice that comes too late harms nobody.
    let buffer: FloatBuffer
    private let state: Monitor<State>

    init(block: Int, step: StepIndex, buffer: FloatBuffer, slices: Int) {
        self.block = block
        self.step = step
        self.buffer = buffer
        state = Monitor(State(missingSlices: slices))
    }

    func arrived() { state.with { $0.missingSlices -= 1 } }

    /// Nothing happens when all slices are here.
    func fail(_ error: any Error) {
        state.with { state in
            if state.missingSlices > 0, state.error == nil { state.error = error }
        }
    }

    var isComplete: Bool { state.with { $0.missingSlices == 0 } }

    /// Waits until the block is whole; false when `seconds` passed before.
    func wait(seconds: Double) throws -> Bool {
        try state.wait(seconds: seconds) { state in
            if let error = state.error { throw error }
            return state.missingSlices == 0 ? true : nil
        } ?? false
    }
}

/// Gathers one shard's slices of several blocks: all requests go out at once, the answers come in order.
final class GatherJob: ShardJob {
    struct Item: Sendable {
        var fetch: BlockFetch
        var slice: Range<Int>
    }

    private let stage: StageIndex
    private let step: StepIndex
    private let items: [Item]
    /// Called after each slice, so that waiters see progress.
    private let progress: @Sendable () -> Void

    init(stage: StageIndex, step: StepIndex, items: [Item], progress: @escaping @Sendable () -> Void) {
        self.stage = stage
        self.step = step
        self.items = items
        self.progress = progress
    }

    func run(on link: ShardLink) throws {
        let requests = try items.map { item in
            try link.ask { .gather($0, stage: stage, step: step, block: UInt32(item.fetch.block)) }
        }
        for (item, request) in zip(items, requests) {
            let incoming = try link.receive(
                "block \(item.fetch.block) of version \(step.value)", answering: request)
            guard case .gathered(_, stage, step, UInt32(item.fetch.block), let encoding) = incoming.message else {
                throw TrainerError.unexpected(shard: link.shard, awaited: "block \(item.fetch.block)")
            }
            try link.receive(incoming, into: item.fetch.buffer, item.slice, as: encoding)
            item.fetch.arrived()
            progress()
        }
    }

    func fail(_ error: any Error) {
        for item in items { item.fetch.fail(error) }
    }
}

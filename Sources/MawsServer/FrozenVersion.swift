import MawsBase
import MawsFiles
import MawsState
import MawsWire
import Synchronization

/// The version that a checkpoint is made of while updates go on: what they overwrite of it is copied first, once,
/// unless the checkpoint has it already. Where that fails the version is worth nothing any more, and the update goes
/// on.
final class FrozenVersion: Sendable {
    private struct Piece: Hashable {
        var block: Int
        var part: WeightPart
    }

    private struct State {
        var released: Set<Piece> = []
        var bank: FrozenBank?
        /// Why it is not here.
        var failure: (any Error)?
    }

    /// The checkpoint's.
    let request: RequestNumber
    let step: StepIndex
    private let memory: ShardMemory
    private let path: String
    private let weights: StateHolding
    private let state = Mutex(State())

    /// - Parameters:
    ///   - memory: at this version.
    ///   - path: of a file that may be made.
    init(_ request: RequestNumber, of memory: ShardMemory, path: String) {
        (self.request, self.memory, self.path) = (request, memory, path)
        (step, weights) = (memory.content.step, memory.content.weights)
    }

    /// Copies what an update is about to change of a chunk. It was verified.
    func keep(_ chunk: StateChunk) {
        do {
            let (bank, released) = try state.withLock { state -> (FrozenBank?, Set<Piece>) in
                guard state.failure == nil else { return (nil, []) }
                let bank = try state.bank ?? FrozenBank(path, memory.layout, memory.checks)
                state.bank = bank
                return (bank, state.released)
            }
            guard let bank else { return }
            for part in memory.configuration.table.blocks[chunk.block].parts
            where !released.contains(Piece(block: chunk.block, part: part)) {
                try bank.keep(holding(part, chunk.block), chunk)
            }
        } catch {
            state.withLock { ($0.bank, $0.failure) = (nil, error) }
        }
    }

    /// Whether no update ever changes the slice.
    func isFixed(_ slice: TensorSlice) -> Bool {
        !memory.configuration.table.blocks[Int(slice.block)].isTrainable
    }

    /// A slice that updates have overwritten since. Throws where its copy could not be made, or is damaged.
    func bytes(of slice: TensorSlice) throws -> [UInt8] {
        let (bank, failure) = state.withLock { ($0.bank, $0.failure) }
        guard let bank else { throw failure ?? StorageError.damaged(path: path, reason: "nothing was copied") }
        return try bank.read(holding(slice.part, Int(slice.block)), block: Int(slice.block))
    }

    /// The checkpoint has the slice.
    func release(_ slice: TensorSlice) {
        guard !isFixed(slice) else { return }
        let block = Int(slice.block)
        let bank = state.withLock { state in
            state.released.insert(Piece(block: block, part: slice.part))
            return state.bank
        }
        bank?.release(holding(slice.part, block).area, block: block)
    }

    private func holding(_ part: WeightPart, _ block: Int) -> StateHolding {
        switch part {
        case .weight: weights
        case .slot: .slot(memory.slotIndex(part, block), step)
        }
    }
}

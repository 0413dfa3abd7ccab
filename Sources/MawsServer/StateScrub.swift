import Foundation
import MawsBase
import MawsState

/// Looks through a server's whole state again and again, slowly: frozen weights are read once a stage, and all others
/// may lie for hours where a step takes as long or the run waits. Bytes are read from the file, so that no page of it
/// comes into this process. One thread at a time looks.
final class StateScrub: @unchecked Sendable {
    /// The part of a core, and of the disk's time, that the scrub takes.
    static let defaultShare = 0.005
    /// Between two looks at least.
    private static let pauseSeconds = 0.1
    /// Looked at without a pause: 4 MiB of one area.
    private static let chunksAtOnce = 256

    /// Part of the time that is spent looking.
    let share: Double
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 2 * 4 * ShardLayout.chunkLength, alignment: 64)
    private var next = 0

    init(share: Double) { self.share = share }

    deinit { buffer.deallocate() }

    /// Looks at some chunks of a state.
    ///
    /// - Parameter now: the clock.
    /// - Returns: seconds to wait before the next look. Throws `damaged`.
    func look(at memory: ShardMemory, now: () -> Moment) throws -> Double {
        guard memory.file.isSealed else { return Self.pauseSeconds }
        let start = now()
        let (frozen, trained) = (memory.layout.shape.frozenChunkCount, memory.layout.shape.chunkCount)
        for _ in 0..<min(Self.chunksAtOnce, frozen + trained) {
            next = (next + 1) % (frozen + trained)
            let chunk = memory.layout.chunk(next < frozen ? next : next - frozen, isTrained: next >= frozen)
            try memory.checks.look(at: chunk, with: buffer)
        }
        return max(Self.pauseSeconds, now().seconds(since: start) * (1 / share - 1))
    }
}

import Dispatch
import MawsFiles
import MawsHash
import Synchronization

/// The hashes of a checkpoint's two files, each made in one reading of its file, both at once: the run waits for it.
struct CheckpointHashes {
    /// Weights, then slots, in the order of the files.
    let tensors: [CheckpointManifest.Tensor]
    /// Over all weight tensors in table order.
    let weightsHash: String
    let pieces: CheckpointManifest.Pieces

    init(_ layout: CheckpointLayout, weights: OpenFile, optimizer: OpenFile) throws {
        let made = Mutex<[Bool: Result<FileHashes, any Error>]>([:])
        DispatchQueue.concurrentPerform(iterations: 2) { index in
            let isOptimizer = index == 1
            let hashes = Result {
                try isOptimizer
                    ? FileHashes(optimizer, layout.optimizer, mayBeHole: true)
                    : FileHashes(weights, layout.weights, mayBeHole: false)
            }
            made.withLock { $0[isOptimizer] = hashes }
        }
        let results = made.withLock { $0 }
        guard let ofWeights = try results[false]?.get(), let ofOptimizer = try results[true]?.get() else {
            preconditionFailure("a file was not hashed")
        }
        tensors = ofWeights.tensors + ofOptimizer.tensors
        weightsHash = ofWeights.all
        pieces = CheckpointManifest.Pieces(weights: ofWeights.pieces, optimizer: ofOptimizer.pieces)
    }
}

/// The hashes of one file: of its tensors, and of its pieces. Slots that were never written are zeros, whose hash is
/// computed once for each length.
struct FileHashes {
    private(set) var tensors: [CheckpointManifest.Tensor] = []
    private(set) var pieces: [String] = []
    /// The hash of the bytes of all tensors; it is of no use where there may be holes, which are not fed to it.
    private(set) var all = ""
    private var hashesOfZeros: [Int: String] = [:]

    /// - Parameter mayBeHole: true for slots.
    init(_ file: OpenFile, _ layout: SafetensorsLayout, mayBeHole: Bool) throws {
        let whole = Hash()
        let length = CheckpointManifest.Pieces.byteCount
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 64)
        defer { buffer.deallocate() }
        let isZero = layout.tensors.map { mayBeHole && file.isHole($0.range) }
        var own = Hash()
        for start in stride(from: 0, to: layout.size, by: length) {
            let piece = start..<min(start + length, layout.size)
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<piece.count])
            let isHole = mayBeHole && file.isHole(piece)
            if isHole {
                bytes.initializeMemory(as: UInt8.self, repeating: 0)
            } else {
                try file.read(into: bytes, at: start)
            }
            pieces.append(isHole ? hashOfZeros(piece.count) : Hash.hexadecimal(of: UnsafeRawBufferPointer(bytes)))
            while tensors.count < layout.tensors.count {
                let tensor = layout.tensors[tensors.count]
                let common = tensor.range.clamped(to: piece)
                let part = UnsafeRawBufferPointer(
                    rebasing: bytes[common.lowerBound - start..<common.upperBound - start])
                if !isZero[tensors.count] { own.update(part) }
                if !mayBeHole { whole.update(part) }
                // The rest of it is in the next piece.
                if tensor.range.upperBound > piece.upperBound { break }
                let hash = isZero[tensors.count] ? hashOfZeros(tensor.range.count) : own.hexadecimal()
                tensors.append(CheckpointManifest.Tensor(name: tensor.name, sha256: hash))
                own = Hash()
            }
        }
        all = whole.hexadecimal()
    }

    private mutating func hashOfZeros(_ count: Int) -> String {
        if let known = hashesOfZeros[count] { return known }
        let zeros = [UInt8](repeating: 0, count: min(count, CheckpointManifest.Pieces.byteCount))
        let hash = Hash()
        for start in stride(from: 0, to: count, by: max(1, zeros.count)) {
            hash.update(Array(zeros.prefix(count - start)))
        }
        let made = hash.hexadecimal()
        hashesOfZeros[count] = made
        return made
    }
}

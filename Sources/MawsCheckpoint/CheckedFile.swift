import MawsFiles
import MawsHash

/// A tensor file of a finished checkpoint. What is read of it is what was written: every piece that a byte comes from
/// is hashed as it is read and compared with the manifest, so that there is no moment between check and use.
struct CheckedFile: Sendable {
    let file: OpenFile
    let layout: SafetensorsLayout
    /// As the manifest has them.
    let pieces: [String]
    let tensors: [CheckpointManifest.Tensor]

    /// Fills the buffer with these bytes of the file; throws `StorageError.damaged` with the names of the tensors that
    /// are not what was written.
    func read(_ area: Range<Int>, into bytes: UnsafeMutableRawBufferPointer) throws {
        precondition(bytes.count == area.count && area.upperBound <= layout.size)
        let length = CheckpointManifest.Pieces.byteCount
        var start = area.lowerBound
        while start < area.upperBound {
            let index = start / length
            let piece = index * length..<min((index + 1) * length, layout.size)
            let part = start..<min(area.upperBound, piece.upperBound)
            let place = part.lowerBound - area.lowerBound..<part.upperBound - area.lowerBound
            let target = UnsafeMutableRawBufferPointer(rebasing: bytes[place])
            if part == piece {
                try read(piece, index, into: target)
            } else {
                let whole = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.count, alignment: 64)
                defer { whole.deallocate() }
                try read(piece, index, into: whole)
                let inside = part.lowerBound - piece.lowerBound..<part.upperBound - piece.lowerBound
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: whole[inside]))
            }
            start = part.upperBound
        }
    }

    private func read(_ piece: Range<Int>, _ index: Int, into bytes: UnsafeMutableRawBufferPointer) throws {
        try file.read(into: bytes, at: piece.lowerBound)
        guard Hash.hexadecimal(of: UnsafeRawBufferPointer(bytes)) == pieces[index] else {
            throw StorageError.damaged(path: file.path, reason: damage(in: piece))
        }
    }

    /// Which tensors with bytes in this piece have another hash, in words.
    private func damage(in piece: Range<Int>) -> String {
        let touched = zip(layout.tensors, tensors).filter { !$0.0.range.clamped(to: piece).isEmpty }
        let damaged = touched.filter { tensor, expected in (try? hash(of: tensor.range)) != expected.sha256 }
        let names = damaged.map(\.0.name)
        return names.isEmpty
            ? "bytes \(piece) are not what was written"
            : "tensor \(names.joined(separator: ", ")) is not what was written"
    }

    private func hash(of range: Range<Int>) throws -> String {
        let hash = Hash()
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(range.count, CheckpointManifest.Pieces.byteCount), alignment: 64)
        defer { buffer.deallocate() }
        for start in stride(from: range.lowerBound, to: range.upperBound, by: max(1, buffer.count)) {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<min(buffer.count, range.upperBound - start)])
            try file.read(into: part, at: start)
            hash.update(UnsafeRawBufferPointer(part))
        }
        return hash.hexadecimal()
    }
}

import MawsFiles
import MawsHash

/// A small safetensors file, written at once.
package enum TensorFile {
    package struct Tensor: Sendable {
        let name: String
        let shape: [Int]
        let bytes: [UInt8]

        /// - Parameter bytes: fp32, little-endian.
        package init(_ name: String, _ shape: [Int], _ bytes: [UInt8]) {
            precondition(bytes.count == 4 * shape.reduce(1, *), "a tensor of another size than its shape")
            (self.name, self.shape, self.bytes) = (name, shape, bytes)
        }
    }

    /// Returns the SHA-256 of the file in hex.
    package static func write(_ tensors: [Tensor], to path: String) throws -> String {
        let layout = SafetensorsLayout(tensors.map { SafetensorsLayout.Entry($0.name, .fp32, $0.shape) })
        let bytes = layout.header + tensors.flatMap(\.bytes)
        try AtomicFile.write(bytes, to: path)
        return Hash.hexadecimal(of: bytes)
    }
}

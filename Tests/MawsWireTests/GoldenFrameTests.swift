import Foundation
import MawsBase
import MawsCompression
import MawsWire
import Testing

/// The bytes in `Protocol/golden` never change within one protocol version.
///
/// A new kind of message gets its vector by running this suite with `MAWS_WRITE_GOLDEN=1`.
struct GoldenFrameTests {
    private static let folder = URL(filePath: #filePath).appending(path: "../../../Protocol/golden").standardized
    private static let writes = ProcessInfo.processInfo.environment["MAWS_WRITE_GOLDEN"] != nil

    private struct Vector: Codable, Equatable {
        var name: String
        var kind: String
        var number: UInt8
        /// Header, body and payload.
        var frame: String
    }

    @Test func everyFrameHasItsGoldenBytes() throws {
        let vectors = try Sample.all.map { sample in
            let body = MessageCodec.encode(sample.message)
            let header = try FrameHeader(
                kind: sample.message.kind, bodyCount: body.count, payloadCount: sample.payload.count)
            return Vector(
                name: sample.name, kind: "\(sample.message.kind)", number: sample.message.kind.rawValue,
                frame: hex(header.bytes + body + sample.payload))
        }
        let file = Self.folder.appending(path: "frames.json")
        if Self.writes { try write(vectors, to: file) }
        let golden = try JSONDecoder().decode([Vector].self, from: Data(contentsOf: file))
        for (vector, expected) in zip(vectors, golden) { #expect(vector == expected) }
        #expect(vectors.count == golden.count)
    }

    /// `Protocol/client.py` was written from `wire.md` alone: when it agrees, the specification says enough.
    @Test(.enabled(if: python != nil, "needs python3")) func theIndependentClientAgreesWithEveryGoldenFrame() throws {
        let client = Process()
        client.executableURL = Self.python
        client.arguments = [Self.folder.appending(path: "../client.py").standardized.path, "--check-golden"]
        let output = Pipe()
        client.standardOutput = output
        try client.run()
        client.waitUntilExit()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(text == "\(Sample.all.count) golden frames agree\n")
    }

    private static let python = ["/usr/bin/python3", "/usr/local/bin/python3"]
        .first(where: FileManager.default.isExecutableFile).map { URL(filePath: $0) }

    private struct CodedTensor: Codable, Equatable {
        var fp32: String
        var fp32Zstd: String
        var fp32Runs: String
    }

    @Test func theGoldenCodedTensorDecodes() throws {
        let file = Self.folder.appending(path: "tensor.json")
        if Self.writes {
            let tensor = (0..<96).flatMap { index in bytes(of: Float(index) * 0.001) }
            let coded = tensor.withUnsafeBytes { TensorCodec.encode($0, as: .fp32Zstd) }
            let runs = tensor.withUnsafeBytes { TensorCodec.encode($0, as: .fp32Runs) }
            try write(CodedTensor(fp32: hex(tensor), fp32Zstd: hex(coded), fp32Runs: hex(runs)), to: file)
        }
        let golden = try JSONDecoder().decode(CodedTensor.self, from: Data(contentsOf: file))
        for (coded, encoding) in [(golden.fp32Zstd, TensorEncoding.fp32Zstd), (golden.fp32Runs, .fp32Runs)] {
            var decoded = [UInt8](repeating: 1, count: golden.fp32.count / 2)
            try unhex(coded).withUnsafeBytes { payload in
                try decoded.withUnsafeMutableBytes { try TensorCodec.decode(payload, as: encoding, into: $0) }
            }
            #expect(hex(decoded) == golden.fp32)
        }
    }

    private func write(_ value: some Encodable, to file: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
        try (encoder.encode(value) + Data("\n".utf8)).write(to: file)
    }
}

func bytes(of number: Float) -> [UInt8] { withUnsafeBytes(of: number.bitPattern.littleEndian, Array.init) }

private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String(UInt32($0) + 0x100, radix: 16).dropFirst() }.joined()
}

private func unhex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

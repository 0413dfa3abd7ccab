import Foundation
import MawsKernels
import MawsTensor
import MawsTestSupport

/// Instruction sets whose loops this machine can run.
let vectorSets = ["baseline", "avx2", "avx512", "avx512_bf16"].filter {
    ComputeBackend.reference(threads: 1, instructionSet: $0) != nil
}

/// Instruction sets whose loops this machine can run, of the reference, and oneDNN with the widest of them.
let instructionSets =
    vectorSets + ["onednn"]

func backend(_ instructionSet: String, threads: Int = 1) throws -> ComputeBackend {
    if instructionSet == "onednn" { return .oneDNN(threads: threads, operands: .float32) }
    guard let backend = ComputeBackend.reference(threads: threads, instructionSet: instructionSet) else {
        throw MissingInstructionSet(name: instructionSet)
    }
    return backend
}

struct MissingInstructionSet: Error { var name: String }

/// One layer of the golden file.
struct LayerFixture {
    let golden: GoldenTensors
    let layer: String

    init(_ layer: String) throws {
        guard let folder = Bundle.module.url(forResource: "Golden", withExtension: nil) else {
            throw CocoaError(.fileNoSuchFile)
        }
        golden = try GoldenTensors(contentsOf: folder.appendingPathComponent("layers.safetensors"))
        self.layer = layer
    }

    func values(_ name: String) throws -> [Float] { try golden.floats("\(layer).\(name)") }
    func slice(_ name: String) throws -> FloatSlice { FloatBuffer(try values(name)).all }
    func shape(_ name: String) throws -> [Int] { try golden.shape("\(layer).\(name)") }

    /// Relative error of a computed tensor against the file's.
    func error(_ slice: FloatSlice, _ name: String) throws -> Double { relativeError(slice.array, try values(name)) }
}

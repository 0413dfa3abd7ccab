import MawsKernels
import MawsTensor
import MawsTestSupport
import Testing

/// Every layer against PyTorch in fp64. fp32 itself is good for 1e-7; sums of a few dozen terms lose little.
private let tolerance = 1e-6

@Suite struct LayerGoldenTests {
    @Test(arguments: instructionSets) func linearEqualsTorch(_ set: String) throws {
        let (backend, file) = (try backend(set), try LayerFixture("linear"))
        let shape = LinearShape(rows: 7, inputs: 5, outputs: 6)
        let (x, weight, dy) = (try file.slice("x"), try file.slice("weight"), try file.slice("dy"))
        let (y, dx, dWeight, dBias) = (zeroSlice(42), zeroSlice(35), zeroSlice(30), zeroSlice(6))
        backend.linearForward(y, x, weight, try file.slice("bias"), residual: nil, shape)
        backend.linearBackward(dx, dWeight, dBias, dy, x, weight, shape)
        #expect(try file.error(y, "y") < tolerance)
        #expect(try file.error(dx, "d.x") < tolerance)
        #expect(try file.error(dWeight, "d.weight") < tolerance)
        #expect(try file.error(dBias, "d.bias") < tolerance)
    }

    @Test(arguments: instructionSets) func layerNormEqualsTorch(_ set: String) throws {
        let (backend, file) = (try backend(set), try LayerFixture("norm"))
        let shape = RowShape(rows: 9, width: 37)
        let (x, gamma, dy) = (try file.slice("x"), try file.slice("weight"), try file.slice("dy"))
        let (y, dx, mean, rstd) = (zeroSlice(333), zeroSlice(333), zeroSlice(9), zeroSlice(9))
        let (dGamma, dBeta) = (zeroSlice(37), zeroSlice(37))
        backend.layerNormForward(y, mean, rstd, x, gamma, try file.slice("bias"), epsilon: 1e-6, shape)
        backend.layerNormBackward(dx, dGamma, dBeta, dy, x, mean, rstd, gamma, residual: nil, shape)
        #expect(try file.error(y, "y") < tolerance)
        #expect(try file.error(dx, "d.x") < tolerance)
        #expect(try file.error(dGamma, "d.weight") < tolerance)
        #expect(try file.error(dBeta, "d.bias") < tolerance)
    }

    @Test(arguments: instructionSets) func geluEqualsTorch(_ set: String) throws {
        let (backend, file) = (try backend(set), try LayerFixture("gelu"))
        let (x, dy) = (try file.slice("x"), try file.slice("dy"))
        let (y, again, dx) = (zeroSlice(x.count), zeroSlice(x.count), zeroSlice(x.count))
        backend.geluForward(y, x)
        backend.geluBackward(dx, output: again, dy, x)
        #expect(try file.error(y, "y") < tolerance)
        #expect(try file.error(dx, "d.x") < tolerance)
        #expect(again.array == y.array)
    }

    @Test(arguments: instructionSets) func tanhEqualsTorch(_ set: String) throws {
        let (backend, file) = (try backend(set), try LayerFixture("tanh"))
        let (x, y, dx) = (try file.slice("x"), zeroSlice(1003), zeroSlice(1003))
        backend.tanhForward(y, x)
        backend.tanhBackward(dx, try file.slice("dy"), y)
        #expect(try file.error(y, "y") < tolerance)
        #expect(try file.error(dx, "d.x") < tolerance)
    }

    @Test(arguments: instructionSets) func softmaxEqualsTorch(_ set: String) throws {
        let (backend, file) = (try backend(set), try LayerFixture("softmax"))
        let shape = RowShape(rows: 5, width: 41)
        let (y, dx) = (zeroSlice(205), zeroSlice(205))
        backend.softmaxForward(y, try file.slice("x"), shape)
        backend.softmaxBackward(dx, try file.slice("dy"), y, shape)
        #expect(try file.error(y, "y") < tolerance)
        #expect(try file.error(dx, "d.x") < tolerance)
    }
}

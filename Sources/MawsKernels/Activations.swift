internal import CVectorLoops
import MawsTensor

/// Elements of an elementwise piece: 64 KiB of fp32.
private let grain = 16384

/// Element by element: all slices of a call are [count], in any shape.
extension ComputeBackend {
    /// y [count] = x · Φ(x) with the exact error function. In place allowed.
    package func geluForward(_ y: FloatSlice, _ x: FloatSlice) {
        precondition(y.count == x.count)
        forEachRange(of: y.count, grain: grain) { range in
            loops.gelu_forward(y.pointer + range.lowerBound, x.pointer + range.lowerBound, range.count)
        }
    }

    /// The same for activations of one type, [count] each.
    package func geluForward(_ y: ActivationSlice, _ x: ActivationSlice) {
        if let y = y.floats, let x = x.floats { return geluForward(y, x) }
        precondition(y.count == x.count && y.element == x.element)
        forEachRange(of: y.count, grain: grain) { range in
            loops.gelu_forward_bf16(y.bfloat16(range), x.bfloat16(range), range.count)
        }
    }

    /// dx [count] = dy · (Φ(x) + x · φ(x)), and once more the output y = x · Φ(x) where it was not kept. `dx` may be
    /// `dy`.
    package func geluBackward(_ dx: FloatSlice, output y: FloatSlice?, _ dy: FloatSlice, _ x: FloatSlice) {
        precondition(dx.count == x.count && dy.count == x.count && y.map { $0.count == x.count } ?? true)
        forEachRange(of: dx.count, grain: grain) { range in
            let start = range.lowerBound
            loops.gelu_backward(
                dx.pointer + start, y.map { $0.pointer + start }, dy.pointer + start, x.pointer + start, range.count)
        }
    }

    /// The same for activations of one type, [count] each.
    package func geluBackward(
        _ dx: ActivationSlice, output y: ActivationSlice, _ dy: ActivationSlice, _ x: ActivationSlice
    ) {
        if let dx = dx.floats, let y = y.floats, let dy = dy.floats, let x = x.floats {
            return geluBackward(dx, output: y, dy, x)
        }
        precondition(dx.count == x.count && dy.count == x.count && y.count == x.count && x.element == y.element)
        forEachRange(of: dx.count, grain: grain) { range in
            loops.gelu_backward_bf16(
                dx.bfloat16(range), y.bfloat16(range), dy.bfloat16(range), x.bfloat16(range), range.count)
        }
    }

    /// y [count] = tanh(x). In place allowed.
    package func tanhForward(_ y: FloatSlice, _ x: FloatSlice) {
        precondition(y.count == x.count)
        forEachRange(of: y.count, grain: grain) { range in
            loops.tanh_forward(y.pointer + range.lowerBound, x.pointer + range.lowerBound, range.count)
        }
    }

    /// dx [count] = dy · (1 - y²). `dx` may be `dy`.
    package func tanhBackward(_ dx: FloatSlice, _ dy: FloatSlice, _ y: FloatSlice) {
        precondition(dx.count == y.count && dy.count == y.count)
        forEachRange(of: dx.count, grain: grain) { range in
            let start = range.lowerBound
            loops.tanh_backward(dx.pointer + start, dy.pointer + start, y.pointer + start, range.count)
        }
    }

    /// y [count] = a + b. `y` may be either.
    package func add(_ y: FloatSlice, _ a: FloatSlice, _ b: FloatSlice) {
        precondition(y.count == a.count && y.count == b.count)
        forEachRange(of: y.count, grain: grain) { range in
            let start = range.lowerBound
            loops.add(y.pointer + start, a.pointer + start, b.pointer + start, range.count)
        }
    }

    /// y [count] = x · factor. In place allowed.
    package func scale(_ y: FloatSlice, _ x: FloatSlice, by factor: Float) {
        precondition(y.count == x.count)
        forEachRange(of: y.count, grain: grain) { range in
            loops.scale(y.pointer + range.lowerBound, x.pointer + range.lowerBound, factor, range.count)
        }
    }

    /// x [count] = 0.
    package func zero(_ x: FloatSlice) {
        forEachRange(of: x.count, grain: 16 * grain) { x.part($0.lowerBound, $0.count).zero() }
    }

    /// y [count] = x, on all threads.
    package func copy(_ y: FloatSlice, _ x: FloatSlice) {
        precondition(y.count == x.count)
        forEachRange(of: y.count, grain: 16 * grain) { range in
            y.part(range.lowerBound, range.count).copy(from: x.part(range.lowerBound, range.count))
        }
    }

    /// y [count] = x in the type of y.
    package func convert(_ y: ActivationSlice, _ x: FloatSlice) {
        precondition(y.count == x.count)
        guard y.element == .bfloat16 else {
            y.floats?.copy(from: x)
            return
        }
        forEachRange(of: y.count, grain: grain) { range in
            loops.narrow(y.bfloat16(range), x.pointer + range.lowerBound, range.count)
        }
    }
}

extension ActivationSlice {
    /// The first of a range of bfloat16 elements.
    fileprivate func bfloat16(_ range: Range<Int>) -> UnsafeMutablePointer<UInt16> {
        pointer.assumingMemoryBound(to: UInt16.self) + range.lowerBound
    }
}

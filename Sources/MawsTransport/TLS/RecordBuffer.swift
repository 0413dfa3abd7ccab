import COpenSSL
import Glibc

/// Collects the encrypted records OpenSSL writes, so that many of them leave in one system call.
///
/// One half fills under the session's lock while the other half is being sent outside it.
final class RecordBuffer {
    private var filling = Half()
    private var sending = Half()

    var count: Int { filling.count }

    /// A BIO that appends to this buffer. OpenSSL owns the BIO; this object must outlive it.
    func makeBIO() -> OpaquePointer {
        guard let bio = BIO_new(recordMethod) else { preconditionFailure("OpenSSL has no memory left") }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    /// Hands out all collected bytes; they stay valid until the next call.
    func take() -> UnsafeRawBufferPointer {
        sending.count = 0
        swap(&filling, &sending)
        return UnsafeRawBufferPointer(start: sending.start, count: sending.count)
    }

    fileprivate func append(_ bytes: UnsafeRawPointer, _ count: Int) { filling.append(bytes, count) }

    deinit {
        filling.start.deallocate()
        sending.start.deallocate()
    }

    private struct Half {
        private(set) var start = UnsafeMutableRawPointer.allocate(byteCount: 64 << 10, alignment: 64)
        private var capacity = 64 << 10
        var count = 0

        mutating func append(_ bytes: UnsafeRawPointer, _ added: Int) {
            if count + added > capacity { grow(to: max(2 * capacity, count + added)) }
            memcpy(start + count, bytes, added)
            count += added
        }

        private mutating func grow(to newCapacity: Int) {
            let larger = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 64)
            memcpy(larger, start, count)
            start.deallocate()
            start = larger
            capacity = newCapacity
        }
    }
}

nonisolated(unsafe) private let recordMethod: OpaquePointer? = {
    let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "maws records")
    BIO_meth_set_write_ex(method) { bio, bytes, count, written in
        guard let bio, let bytes, let data = BIO_get_data(bio) else { return 0 }
        Unmanaged<RecordBuffer>.fromOpaque(data).takeUnretainedValue().append(bytes, count)
        written?.pointee = count
        return 1
    }
    // Flushing succeeds at once: the records are in memory.
    BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
    return method
}()

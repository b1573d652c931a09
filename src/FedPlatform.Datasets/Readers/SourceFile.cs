using System.IO.Compression;
using System.Security.Cryptography;

namespace FedPlatform.Datasets.Readers;

/// <summary>
/// A file read from its first byte to its last: hashed as it lies on disk, unpacked if it is gzip, with an error for every way to be broken
/// that names the file, the offset (of the unpacked bytes) and what was expected there.
/// </summary>
internal sealed class SourceFile : IDisposable
{
    private readonly Stream content;
    private readonly HashingStream disk;
    private readonly bool packed;

    /// <param name="name">Used in messages.</param>
    /// <param name="stream">Owned from here on.</param>
    /// <param name="hash">Takes the bytes as they lie on disk.</param>
    public SourceFile(string name, Stream stream, IncrementalHash hash, bool packed)
    {
        Name = name;
        this.packed = packed;
        disk = new HashingStream(stream, hash);
        Stream unpacked = packed ? new GZipStream(disk, CompressionMode.Decompress) : disk;
        content = new BufferedStream(unpacked, 1 << 17);
        Length = stream.Length;
    }

    public string Name { get; }

    /// <summary>Bytes on disk.</summary>
    public long Length { get; }

    /// <summary>Unpacked bytes read so far.</summary>
    public long Offset { get; private set; }

    /// <summary>At most this many bytes can come out: deflate packs 1,032 to 1 at best. Checked before anything is allocated for a header's promise.</summary>
    public long LargestContent => packed ? Length * 1032 : Length;

    public static SourceFile Open(string path, IncrementalHash hash)
    {
        try
        {
            FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
            return new SourceFile(path, stream, hash, path.EndsWith(".gz", StringComparison.Ordinal));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{path} cannot be opened: {exception.Message}", exception);
        }
    }

    /// <summary>Fills <paramref name="buffer"/>; <paramref name="expected"/> says in words what the bytes are.</summary>
    public void Read(Span<byte> buffer, string expected)
    {
        int read = ReadUpTo(buffer);
        if (read < buffer.Length)
        {
            throw Broken(Offset - read, $"{expected} ({buffer.Length} bytes)", $"the end of the file after {read} bytes: it is truncated");
        }
    }

    /// <summary>True with a full record, false at a clean end; a record cut short is an error.</summary>
    public bool TryRead(Span<byte> record, string expected)
    {
        int read = ReadUpTo(record);
        if (read > 0 && read < record.Length)
        {
            throw Broken(Offset - read, $"{expected} ({record.Length} bytes)", $"the end of the file after {read} bytes: it is truncated");
        }

        return read > 0;
    }

    /// <summary>Reads to the end, at most <paramref name="limit"/> bytes.</summary>
    public byte[] ReadAll(int limit)
    {
        byte[] buffer = new byte[limit + 1];
        int read = ReadUpTo(buffer);
        return read <= limit ? buffer[..read] : throw Broken(limit, "the end of the file", "more bytes");
    }

    /// <summary>Checks that nothing follows, and takes the rest of the disk's bytes into the hash.</summary>
    public void End(string after)
    {
        Span<byte> one = stackalloc byte[1];
        if (ReadUpTo(one) > 0)
        {
            throw Broken(Offset - 1, $"the end of the file after {after}", "more bytes");
        }

        Guarded(() =>
        {
            byte[] rest = new byte[1 << 12];
            while (disk.Read(rest) > 0)
            {
            }

            return 0;
        });
    }

    public DatasetException Broken(long offset, string expected, string found, Exception? inner = null) =>
        new($"{Name}: at offset {offset}{(packed ? " of the unpacked data" : "")} expected {expected}, found {found}.", inner);

    public void Dispose() => content.Dispose();

    private int ReadUpTo(Span<byte> buffer)
    {
        int total = 0;
        try
        {
            while (total < buffer.Length)
            {
                int read = content.Read(buffer[total..]);
                if (read == 0)
                {
                    break;
                }

                total += read;
                Offset += read;
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            throw Translate(exception);
        }

        return total;
    }

    private void Guarded(Func<int> action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            throw Translate(exception);
        }
    }

    private DatasetException Translate(Exception exception) => exception is InvalidDataException
        ? Broken(Offset, "gzip data", $"bytes that do not unpack ({exception.Message.TrimEnd('.')})", exception)
        : new DatasetException($"{Name}: reading failed at offset {Offset}: {exception.Message}", exception);

    private sealed class HashingStream(Stream inner, IncrementalHash hash) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => inner.Length;

        public override long Position
        {
            get => inner.Position;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int read = inner.Read(buffer);
            hash.AppendData(buffer[..read]);
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using FedPlatform.Learning.Torch;

namespace FedPlatform.Learning.Tests;

public class SafetensorsTests
{
    [Fact]
    public void What_is_written_is_read_back_with_its_hash()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "a.safetensors");
        NamedTensor[] tensors = [NamedTensor.Of("w", [1, 2, 3, 4, 5, 6], 2, 3), NamedTensor.Of("scalar", [7]), NamedTensor.Of("empty", [], 0, 4), new("bytes", "U8", [3], new byte[] { 1, 2, 3 })];
        (string sha, long bytes) = Safetensors.Write(path, tensors, new Dictionary<string, string> { ["round"] = "3", ["é\"\n"] = "ü" });

        TensorFile file = Safetensors.Read(path);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(System.IO.File.ReadAllBytes(path))), sha);
        Assert.Equal(new FileInfo(path).Length, bytes);
        Assert.Equal("3", file.Metadata["round"]);
        Assert.Equal("ü", file.Metadata["é\"\n"]);
        Assert.Equal([2L, 3L], file.Tensors["w"].Shape);
        Assert.Equal([1, 2, 3, 4, 5, 6], file.Tensors["w"].Floats());
        Assert.Empty(file.Tensors["scalar"].Shape);
        Assert.Equal([7], file.Tensors["scalar"].Floats());
        Assert.Empty(file.Tensors["empty"].Floats());
        Assert.Equal(new byte[] { 1, 2, 3 }, file.Tensors["bytes"].Bytes.ToArray());
        Assert.Throws<InvalidDataException>(() => file.Tensors["bytes"].Floats());
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "data end")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "without an owner")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "contiguous")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "contiguous")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "contiguous")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "needs 12 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "twice")]
    [InlineData("""{"a":{"dtype":"pickle","shape":[1],"data_offsets":[0,4]}}""", 4, "dtype")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}""", 4, "shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "overflows")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}""", 4, "shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}""", 4, "offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "JSON")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,4]}}""", 4, "JSON")]
    [InlineData("""{"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "no name")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "JSON")]
    [InlineData("""[]""", 0, "JSON")]
    [InlineData("""{"a":""", 0, "JSON")]
    public void A_header_is_checked_against_itself_and_against_the_file(string header, int data, string problem)
    {
        using var stream = new MemoryStream(File(header, data));
        if (problem.Length == 0)
        {
            Assert.Single(Safetensors.Read(stream, stream.Length).Tensors);
            return;
        }

        Assert.Contains(problem, Assert.Throws<InvalidDataException>(() => Safetensors.Read(stream, stream.Length)).Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 1, 2, 3, 4, 5, 6, 7 })]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 128 })]
    [InlineData(new byte[] { 9, 0, 0, 0, 0, 0, 0, 0, 123, 125 })]
    public void A_claimed_header_length_allocates_nothing(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        Assert.Throws<InvalidDataException>(() => Safetensors.Read(stream, stream.Length));
    }

    [Fact]
    public void A_header_above_the_bound_is_refused_though_it_is_all_there()
    {
        using var stream = new MemoryStream(File("{}" + new string(' ', 100), 0));
        Assert.Contains("at most 64", Assert.Throws<InvalidDataException>(() => Safetensors.Read(stream, stream.Length, maxHeader: 64)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_whose_shape_does_not_fit_its_bytes_is_not_written()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<ArgumentException>(() => Safetensors.Write(Path.Combine(folder.Path, "a"), [NamedTensor.Of("w", [1, 2], 3)], new Dictionary<string, string>()));
    }

    [Fact]
    public void A_full_disk_is_an_IOException()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/dev/full is Linux's.");
        Assert.Throws<IOException>(() => Safetensors.Write("/dev/full", [NamedTensor.Of("w", new float[1000], 1000)], new Dictionary<string, string>()));
    }

    private static byte[] File(string header, int data)
    {
        byte[] text = Encoding.UTF8.GetBytes(header), bytes = new byte[8 + text.Length + data];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, text.Length);
        text.CopyTo(bytes, 8);
        return bytes;
    }
}

using System.Runtime.InteropServices;
using FedPlatform.Agent.Running;
using FedPlatform.Contracts.Agents;
using FedPlatform.Datasets;
using FedPlatform.Learning.Federation;

namespace FedPlatform.Agent.Tests;

// The type that TorchSharp throws.
#pragma warning disable CA2201
public sealed class RunFailureTests
{
    [Fact]
    public void A_native_error_gives_people_its_first_line_and_the_log_the_rest()
    {
        RunFailure failure = RunFailure.From(new ExternalException("mat1 and mat2 shapes cannot be multiplied\nException raised from meta at…\nframe #0"));

        Assert.Equal(RunEndKind.FailedForGood, failure.Kind);
        Assert.Equal("mat1 and mat2 shapes cannot be multiplied", failure.Reason);
        Assert.Contains("frame #0", failure.Detail);
    }

    [Theory]
    [InlineData("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB\nframe #0")]
    public void Native_memory_errors_say_what_to_do(string message)
    {
        RunFailure failure = RunFailure.From(new AggregateException(new ExternalException(message)));

        Assert.StartsWith("Out of memory. Use fewer workers", failure.Reason);
        Assert.Contains(message[..20], failure.Detail);
    }

    [Fact]
    public void A_full_disk_is_recognised_inside_other_errors()
    {
        var full = new IOException("No space left on device : '/x'", 28);

        Assert.Equal(RunEndKind.DiskFull, RunFailure.From(new RunFailedException("The checkpoint could not be written.", null, full)).Kind);
        Assert.Equal(RunEndKind.FailedForGood, RunFailure.From(new IOException("Permission denied", 13)).Kind);
    }

    [Fact]
    public void A_data_set_error_keeps_its_words()
    {
        Assert.Equal("train-images: 3 bytes, expected 16", RunFailure.From(new DatasetException("train-images: 3 bytes, expected 16")).Reason);
    }
}

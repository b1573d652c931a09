namespace FedPlatform.Agent.Running;

/// <summary>A dedicated thread for a round loop: torch's scopes and thread counts belong to one OS thread, so it must never be a pool thread.</summary>
public static class RunThread
{
    /// <summary>The task ends as <paramref name="work"/> does. The thread is a background one: it never keeps the process alive.</summary>
    public static Task<T> Start<T>(string name, Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        }, maxStackSize: 16 << 20)
        { Name = name, IsBackground = true };
        thread.Start();
        return done.Task;
    }
}
